namespace LoraLab.Contracts.Compare;

/// <summary>A proportion of rows with its confidence interval.</summary>
/// <param name="Value">correct / rows.</param>
/// <param name="Correct">Correct rows, k.</param>
/// <param name="Rows">Rows, n.</param>
/// <param name="Low">Lower bound of the 95% Wilson interval (E. B. Wilson, JASA 22, 1927).</param>
/// <param name="High">Its upper bound.</param>
public sealed record ProportionEstimate(double Value, int Correct, int Rows, double Low, double High);
