namespace LoraLab.Contracts.Compare;

/// <summary>A share of rows, and what it says about the share among all such rows.</summary>
/// <param name="Value">correct / rows.</param>
/// <param name="Correct">Rows right, k.</param>
/// <param name="Rows">Rows, n.</param>
/// <param name="Low">Lower end of the 95 % Wilson interval (E. B. Wilson, JASA 22, 1927).</param>
/// <param name="High">Its upper end.</param>
public sealed record ProportionEstimate(double Value, int Correct, int Rows, double Low, double High);
