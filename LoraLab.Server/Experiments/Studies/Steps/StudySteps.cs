using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>
/// The runs that a study requires and the decisions it makes from ended ones, as functions of the plan, earlier decisions and the tracked
/// runs.
/// </summary>
internal static class StudySteps
{
    /// <summary>
    /// The seed of all runs on the selection split, which is not a reported one. Otherwise the run that selected a cell would share
    /// initial values and data order with a reported run, which would be biased by the luck for which the cell was selected.
    /// </summary>
    public static long SelectionSeed(StudyPlan plan)
    {
        long seed = 0;
        while (plan.Seeds!.Contains(seed))
        {
            seed++;
        }

        return seed;
    }

    /// <summary>Whether a cell has to be selected for the method.</summary>
    public static bool HasSelection(StudyPlan plan, StudyMethod method) =>
        plan.Selection != StudySelection.None && StudyGrid.Count(method) > 1;

    /// <summary>The runs required by the decisions so far, method by method.</summary>
    public static IReadOnlyList<RequiredRun> RequiredRuns(StoredStudy study) =>
    [
        .. study.Plan.Methods!.Zip(study.Arms).SelectMany(pair => Selection(study, pair.First, pair.Second)),
        .. study.Plan.Methods!.Zip(study.Arms).SelectMany(pair => Reported(study, pair.First, pair.Second)),
    ];

    /// <summary>The arm after the decisions that its ended runs allow.</summary>
    public static StoredArm Decide(StoredStudy study, StudyMethod method, StoredArm arm)
    {
        if (arm.Selected is not null || study.Plan.Selection == StudySelection.None)
        {
            return arm;
        }

        if (!HasSelection(study.Plan, method))
        {
            return arm with { Selected = StudyGrid.Cells(method)[0] };
        }

        List<StudyRun> tried = [.. study.Runs.Where(run => run.Stage == StudyStage.Selection && run.Method == arm.Method)];
        HashSet<string> ended = [.. tried.Where(run => run.HasEnded()).Select(run => run.Required().Key)];
        if (!Selection(study, method, arm).All(run => ended.Contains(run.Key)))
        {
            return arm with { NothingFinished = false };
        }

        if (CellSelection.Best(tried) is not { } best)
        {
            return arm with { NothingFinished = true };
        }

        if (arm.Extension is null && StudyGrid.ExtensionCells(method, best) is { Count: > 0 } beyond)
        {
            return arm with { Extension = beyond, NothingFinished = false };
        }

        IReadOnlyList<JsonObject> extension = arm.Extension ?? [];
        return arm with
        {
            Extension = extension,
            Selected = (JsonObject)best.DeepClone(),
            Place = StudyGrid.PositionOf(method, extension, best),
            NothingFinished = false,
        };
    }

    private static IEnumerable<RequiredRun> Selection(StoredStudy study, StudyMethod method, StoredArm arm) =>
        !HasSelection(study.Plan, method) ? [] :
        [
            .. StudyGrid.Cells(method).Select(cell => Make(StudyStage.Selection, method, cell, SelectionSeed(study.Plan))),
            .. (arm.Extension ?? [])
                .Select(cell => Make(StudyStage.Selection, method, cell, SelectionSeed(study.Plan)) with { Extension = true }),
        ];

    private static IEnumerable<RequiredRun> Reported(StoredStudy study, StudyMethod method, StoredArm arm)
    {
        IReadOnlyList<JsonObject> cells = study.Plan.Selection == StudySelection.None
                ? StudyGrid.Cells(method) : arm.Selected is { } selected ? [selected] : [];
        return cells.SelectMany(cell => study.Plan.Seeds!.Select(seed => Make(StudyStage.Reported, method, cell, seed)));
    }

    private static RequiredRun Make(StudyStage stage, StudyMethod method, JsonObject cell, long seed) =>
        new() { Stage = stage, Method = method.Key, Settings = (JsonObject)cell.DeepClone(), Seed = seed };
}
