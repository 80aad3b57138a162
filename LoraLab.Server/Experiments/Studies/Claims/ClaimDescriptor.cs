namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The parts of a claim that are fixed before any run, so that the margin cannot be chosen by the result.</summary>
/// <param name="Id">Fixed id.</param>
/// <param name="Statement">The paper's statement.</param>
/// <param name="Quantity">The quantity that is compared, with its unit.</param>
/// <param name="Margin">The decision rule: the margin by which the quantity must, or may at most, differ.</param>
/// <param name="MinimumEvidence">The runs required for a verdict.</param>
internal sealed record ClaimDescriptor(string Id, string Statement, string Quantity, string Margin, string MinimumEvidence)
{
    /// <summary>Key of the metric that the quantity is computed from; null: costs, which every task has.</summary>
    public string? Metric { get; init; }
}
