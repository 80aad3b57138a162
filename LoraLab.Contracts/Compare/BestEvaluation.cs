namespace LoraLab.Contracts.Compare;

/// <summary>The best of a run's evaluations.</summary>
/// <param name="Value">Accuracy in [0, 1].</param>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Evaluations">How many evaluations it is the best of, the one before training included.</param>
/// <param name="Optimistic">True where it is the best of several: it was chosen on the rows that it reports, so it flatters.</param>
public sealed record BestEvaluation(double Value, int? Step, int Evaluations, bool Optimistic);
