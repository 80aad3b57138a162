using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Components;

/// <summary>The name of a run, apart from the name of its study, with which the names of all runs of a study begin.</summary>
/// <param name="Experiment">The study's name; null: the name has none in front.</param>
/// <param name="Name">The rest, which tells the runs of the study apart; without a study, the whole name.</param>
public sealed record RunNameParts(string? Experiment, string Name)
{
    private const string Separator = ": ";

    /// <summary>Takes the name of a run apart. A study marks its runs with its name as a tag too, which says where it ends.</summary>
    public static RunNameParts Of(RunDocument run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.StudyId is null)
        {
            return new(null, run.Name);
        }

        string? tag = run.Tags.Where(tag => run.Name.Replace(',', ' ').StartsWith(tag + Separator, StringComparison.Ordinal))
            .MaxBy(tag => tag.Length);
        int end = tag?.Length ?? run.Name.IndexOf(Separator, StringComparison.Ordinal);
        return end > 0 && end + Separator.Length < run.Name.Length
            ? new(run.Name[..end], run.Name[(end + Separator.Length)..])
            : new(null, run.Name);
    }
}
