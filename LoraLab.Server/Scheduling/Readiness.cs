namespace LoraLab.Server.Scheduling;

/// <summary>Whether the start is over.</summary>
internal sealed class Readiness
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsReady => reached.Task.IsCompleted;

    /// <summary>Completes when it is.</summary>
    public Task Reached => reached.Task;

    public void Set() => reached.TrySetResult();
}
