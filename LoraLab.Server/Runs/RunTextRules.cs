using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Runs;

/// <summary>Validates name, notes, tags and priority of a run.</summary>
internal static class RunTextRules
{
    public static IEnumerable<FieldError> Check(string? name, string? notes, IReadOnlyList<string>? tags, int? priority)
    {
        if (name?.Trim().Length is > TextLimits.Name)
        {
            yield return new FieldError("name", TextLimits.TooLong("name", name.Trim().Length, TextLimits.Name));
        }

        if (notes?.Length > TextLimits.Notes)
        {
            yield return new FieldError("notes", TextLimits.TooLong("notes", notes.Length, TextLimits.Notes));
        }

        if (tags is not null && (tags.Count > TextLimits.Tags
            || tags.Any(tag => string.IsNullOrWhiteSpace(tag) || tag.Length > TextLimits.Tag || tag.Contains(','))))
        {
            yield return new FieldError(
                "tags", $"tags must be at most {TextLimits.Tags} words of 1 to {TextLimits.Tag} characters without a comma.");
        }

        if (priority is int value && Math.Abs((long)value) > TextLimits.Priority)
        {
            yield return new FieldError(
                "priority", $"priority is {NumberFormat.Count(value)}; it must be between -{NumberFormat.Count(TextLimits.Priority)} and "
                    + $"{NumberFormat.Count(TextLimits.Priority)}.");
        }
    }

    public static IEnumerable<FieldError> Check(RunPatch patch)
    {
        if (patch.Name is not null && string.IsNullOrWhiteSpace(patch.Name))
        {
            yield return new FieldError("name", "name is empty; give the run a name or omit the member.");
        }

        foreach (FieldError error in Check(patch.Name, patch.Notes, patch.Tags, patch.Priority))
        {
            yield return error;
        }
    }

    public static IReadOnlyList<string> Clean(IReadOnlyList<string> tags) => [.. tags.Select(tag => tag.Trim()).Distinct()];
}
