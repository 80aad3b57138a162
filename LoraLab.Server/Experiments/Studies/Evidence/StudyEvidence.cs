using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>
/// A study with the results and files of its runs, read once: claims, tables, figures and the paper are pure functions of it.
/// </summary>
internal sealed class StudyEvidence
{
    private readonly IReadOnlyList<MethodDescriptor> _methods;

    /// <summary>Groups the runs of a study.</summary>
    /// <param name="study">The study.</param>
    /// <param name="runs">Its runs.</param>
    /// <param name="methods">The methods that are known, which say which fields mean something to them.</param>
    public StudyEvidence(StudyDocument study, IReadOnlyList<EvidenceRun> runs, IReadOnlyList<MethodDescriptor>? methods = null)
    {
        Study = study;
        _methods = methods ?? [];
        Runs = runs;
        Reported = GroupsOf(StudyStage.Reported);
        Selection = GroupsOf(StudyStage.Selection);
    }

    public StudyDocument Study { get; }

    /// <summary>The task of the runs with their primary metric.</summary>
    public TaskDescriptor Task => TaskDescriptors.Of(Study.Task, Study.Metric);

    /// <summary>The metric by which the study selects and compares.</summary>
    public MetricDescriptor Metric => Task.Primary;

    /// <summary>The runs in the order of creation.</summary>
    public IReadOnlyList<EvidenceRun> Runs { get; }

    /// <summary>Groups on the reported split, by method in the order of the plan.</summary>
    public IReadOnlyList<StudyGroup> Reported { get; }

    /// <summary>Cells on the selection split.</summary>
    public IReadOnlyList<StudyGroup> Selection { get; }

    /// <summary>Whether the study is without selection and only shows curves.</summary>
    public bool NothingSelected => Study.Plan.Selection == StudySelection.None;

    /// <summary>Whether each method has one cell on the reported split, so that methods can be compared.</summary>
    public bool OneGroupPerMethod => Reported.GroupBy(group => group.Arm.Method).All(method => method.Count() == 1);

    /// <summary>Whether a field of a specification means something to its method.</summary>
    public bool Uses(RunSpec spec, string field) =>
        _methods.FirstOrDefault(method => method.Id == spec.Method)?.UnusedFields.Contains(field) != true;

    public StudyArm? Arm(string method) => Study.Arms.FirstOrDefault(arm => arm.Method == method);

    private List<StudyGroup> GroupsOf(StudyStage stage) =>
    [
        .. Study.Arms.SelectMany(arm =>
        {
            List<IGrouping<string, EvidenceRun>> cells =
                [.. Runs.Where(run => run.Run.Stage == stage && run.Run.Method == arm.Method)
                    .GroupBy(run => StudyGroup.Key(run.Run.Settings))];
            return cells.Select(cell => new StudyGroup(
                arm,
                stage,
                cell.First().Run.Settings,
                cells.Count == 1 ? null : StudyGroup.Describe(cell.First().Run.Settings),
                [.. cell]));
        }),
    ];
}
