using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>The runs of a bulk action: either listed, or selected by a filter.</summary>
public sealed record BulkRequest
{
    /// <summary>Ids of the runs; null: selected by the filter.</summary>
    [MinLength(1), StringLength(int.MaxValue, MinimumLength = 1)]
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Filter that selects the runs; a text stands for its member <c>filter</c>; null: listed by id.</summary>
    public BulkFilter? Filter { get; init; }
}

/// <summary>A filter on runs: the members are the parameters of <c>GET /runs</c>, and a run must match all that are given.</summary>
public sealed record BulkFilter
{
    /// <summary>States, separated by commas.</summary>
    public string? State { get; init; }

    /// <summary>Methods, separated by commas.</summary>
    public string? Method { get; init; }

    /// <summary>Tags, separated by commas, all of which a run must have.</summary>
    public string? Tag { get; init; }

    /// <summary>Id of the study that owns the run.</summary>
    public string? Study { get; init; }

    /// <summary>Id of the sweep that owns the run.</summary>
    public string? Sweep { get; init; }

    /// <summary>Words that all occur in name, id, method, model, dataset, notes or tags.</summary>
    public string? Q { get; init; }

    /// <summary>A condition on any field, for example <c>accuracy &lt; 0.6 and rank = 8</c>.</summary>
    public string? Filter { get; init; }
}
