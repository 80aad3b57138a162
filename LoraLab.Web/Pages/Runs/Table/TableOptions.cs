using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs.Groups;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>What the rows of a table of runs are compared with and named by.</summary>
public sealed record TableOptions
{
    /// <summary>The row from which differences are shown; null: none.</summary>
    public RunGroup? Baseline { get; init; }

    /// <summary>The data whose results compare; rows of other data are marked. Null: there are no runs.</summary>
    public RunData? Data { get; init; }

    /// <summary>The methods, which have names, and say which fields mean nothing to them.</summary>
    public IReadOnlyList<MethodDescriptor> Methods { get; init; } = [];
}
