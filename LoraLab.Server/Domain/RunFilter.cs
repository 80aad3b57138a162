using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Filters;

namespace LoraLab.Server.Domain;

/// <summary>A filter on runs; a null or empty criterion matches everything.</summary>
internal sealed record RunFilter
{
    public static RunFilter All { get; } = new();

    /// <summary>In one of these states.</summary>
    public IReadOnlySet<RunState>? States { get; init; }

    /// <summary>With one of these methods.</summary>
    public IReadOnlySet<string>? Methods { get; init; }

    /// <summary>With all of these tags.</summary>
    public IReadOnlySet<string>? Tags { get; init; }

    public string? StudyId { get; init; }

    public string? SweepId { get; init; }

    /// <summary>Trained with this model on this dataset.</summary>
    public (string Model, string Dataset)? Trained { get; init; }

    /// <summary>With this alias.</summary>
    public string? Alias { get; init; }

    /// <summary>Cloned from this run, or starting from its adapter.</summary>
    public string? ParentId { get; init; }

    /// <summary>Words that all occur in name, id, method, model, dataset, notes or tags.</summary>
    public string? Text { get; init; }

    /// <summary>A condition on any of its fields, from a filter as text.</summary>
    public RunCondition? Condition { get; init; }

    public static RunFilter InStates(params RunState[] states) => new() { States = states.ToHashSet() };

    /// <summary>Ids of the runs from which a run descends directly; what it starts from may also be the name of a folder.</summary>
    public static IEnumerable<string> ParentsOf(RunDocument run)
    {
        string?[] parents = [run.ClonedFrom, run.Spec.InitFrom is string start ? AdapterReference.Parse(start).Name : null];
        return parents.OfType<string>().Distinct();
    }

    public bool Matches(RunDocument run) =>
        (States?.Contains(run.State) ?? true)
        && (Methods?.Contains(run.Spec.Method) ?? true)
        && (Tags?.All(run.Tags.Contains) ?? true)
        && (string.IsNullOrEmpty(StudyId) || run.StudyId == StudyId)
        && (string.IsNullOrEmpty(SweepId) || run.SweepId == SweepId)
        && (Trained is not { } trained || (run.Spec.Model == trained.Model && run.Spec.Dataset == trained.Dataset))
        && (Alias is null || run.Aliases.Contains(Alias))
        && (ParentId is null || ParentsOf(run).Contains(ParentId))
        && HasWords(run)
        && (Condition is null || Condition.Matches(run));

    private bool HasWords(RunDocument run) =>
        string.IsNullOrWhiteSpace(Text) || Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word =>
            run.Name.Contains(word, StringComparison.OrdinalIgnoreCase)
            || run.Id.Equals(word, StringComparison.OrdinalIgnoreCase)
            || run.Spec.Method.Contains(word, StringComparison.OrdinalIgnoreCase)
            || run.Spec.Model.Contains(word, StringComparison.OrdinalIgnoreCase)
            || run.Spec.Dataset.Contains(word, StringComparison.OrdinalIgnoreCase)
            || (run.Notes?.Contains(word, StringComparison.OrdinalIgnoreCase) ?? false)
            || run.Tags.Any(tag => tag.Contains(word, StringComparison.OrdinalIgnoreCase)));
}
