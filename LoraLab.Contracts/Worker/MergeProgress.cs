namespace LoraLab.Contracts.Worker;

/// <summary>A line of the trainer's verb <c>merge --progress</c>.</summary>
/// <param name="Done">Weights into which the adapter is merged.</param>
/// <param name="Total">All weights of the adapter.</param>
public sealed record MergeProgress(int Done, int Total);
