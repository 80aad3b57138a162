namespace LoraLab.Contracts.Compare;

/// <summary>The best evaluation of a run.</summary>
/// <param name="Value">Value of the primary metric of the run's task, such as the accuracy in [0, 1].</param>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Evaluations">Number of evaluations that it was chosen from, including the one before training.</param>
/// <param name="Optimistic">True if it was chosen from several evaluations on the reported rows, which biases it upward.</param>
public sealed record BestEvaluation(double Value, int? Step, int Evaluations, bool Optimistic);
