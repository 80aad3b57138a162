using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>A cell of the LoRA+ grid with finished runs.</summary>
/// <param name="Group">Its runs.</param>
/// <param name="Rates">Its learning rates.</param>
internal sealed record RateCell(StudyGroup Group, LearningRates Rates)
{
    private const string Method = "lora-plus";

    /// <summary>
    /// The LoRA+ cells of the stage with a grid: the reported stage if it has several cells, otherwise the selection stage.
    /// </summary>
    public static IReadOnlyList<RateCell> Of(StudyEvidence evidence) => Finished(Groups(evidence));

    /// <summary>Planned cells without a finished run.</summary>
    public static IReadOnlyList<StudyGroup> Unfinished(StudyEvidence evidence) =>
        [.. Groups(evidence).Where(group => group.Counted.Count == 0)];

    private static IReadOnlyList<StudyGroup> Groups(StudyEvidence evidence)
    {
        List<StudyGroup> reported = Of(evidence.Reported);
        List<StudyGroup> selection = Of(evidence.Selection);
        return Finished(reported).Count > 1 || Finished(selection).Count < Finished(reported).Count
                ? reported : selection.Count > 0 ? selection : reported;
    }

    private static List<StudyGroup> Of(IReadOnlyList<StudyGroup> groups) => [.. groups.Where(group => group.Arm.Method == Method)];

    private static IReadOnlyList<RateCell> Finished(IEnumerable<StudyGroup> groups) =>
    [
        .. groups.Where(group => group.Counted.Count > 0 && group.Rates is not null)
            .Select(group => new RateCell(group, group.Rates!))
            .OrderBy(cell => cell.Rates.A).ThenBy(cell => cell.Rates.B),
    ];
}
