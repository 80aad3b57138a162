using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Runs;

/// <summary>Limits of what people write about a run.</summary>
internal static class RunText
{
    private const int MaximumTags = 50;
    private const int MaximumTag = 64;
    private const int MaximumNotes = 20_000;
    private const int MaximumPriority = 1_000_000;

    public static IEnumerable<FieldError> Check(string? name, string? notes, IReadOnlyList<string>? tags, int? priority)
    {
        if (name?.Trim().Length is > RunNames.MaximumLength)
        {
            yield return new FieldError("name", $"name has {name.Trim().Length} characters; at most {RunNames.MaximumLength} are allowed.");
        }

        if (notes?.Length > MaximumNotes)
        {
            yield return new FieldError("notes", $"notes has {notes.Length} characters; at most {MaximumNotes} are allowed.");
        }

        if (tags is not null && (tags.Count > MaximumTags || tags.Any(tag => string.IsNullOrWhiteSpace(tag) || tag.Length > MaximumTag || tag.Contains(','))))
        {
            yield return new FieldError("tags", $"tags must be at most {MaximumTags} words of 1 to {MaximumTag} characters without a comma.");
        }

        if (priority is int value && Math.Abs((long)value) > MaximumPriority)
        {
            yield return new FieldError("priority", $"priority is {value}; it must be from -{MaximumPriority} to {MaximumPriority}.");
        }
    }

    public static IEnumerable<FieldError> Check(RunPatch patch)
    {
        if (patch.Name is not null && string.IsNullOrWhiteSpace(patch.Name))
        {
            yield return new FieldError("name", "name is empty; give the run a name or leave the member out.");
        }

        foreach (FieldError error in Check(patch.Name, patch.Notes, patch.Tags, patch.Priority))
        {
            yield return error;
        }
    }

    public static IReadOnlyList<string> Clean(IReadOnlyList<string> tags) => [.. tags.Select(tag => tag.Trim()).Distinct()];
}
