namespace LoraLab.Contracts.Runs;

/// <summary>Numbers of rows of a run.</summary>
/// <param name="Train">Training rows.</param>
/// <param name="Eval">Evaluation rows.</param>
public sealed record RowCounts(int Train, int Eval);
