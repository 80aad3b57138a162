namespace LoraLab.Contracts.Compare;

/// <summary>A comparison of the texts that two runs generated for the same rows.</summary>
/// <param name="Rows">Rows for which both generated a text.</param>
/// <param name="Difference">Share of exact matches of the first run minus that of the second.</param>
/// <param name="Low">Lower bound of the 95% interval of the paired bootstrap.</param>
/// <param name="High">Its upper bound.</param>
/// <param name="BootstrapP">Two-sided p-value of the paired bootstrap.</param>
/// <param name="McNemarP">p-value of the exact two-sided McNemar test.</param>
public sealed record PairedMatches(int Rows, double Difference, double Low, double High, double BootstrapP, double McNemarP);
