namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>What is fixed of a claim before any run: fixed so that nobody chooses the margin by the result.</summary>
/// <param name="Id">Fixed id.</param>
/// <param name="Statement">What the paper says.</param>
/// <param name="Quantity">What is compared, and in which unit.</param>
/// <param name="Margin">How much it must differ, or may at most.</param>
/// <param name="MinimumEvidence">Runs without which there is no verdict.</param>
internal sealed record ClaimDescriptor(string Id, string Statement, string Quantity, string Margin, string MinimumEvidence);
