namespace LoraLab.Server.Scheduling;

/// <summary>Whether startup is complete.</summary>
internal sealed class Readiness
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsReady => reached.Task.IsCompleted;

    /// <summary>Completes with the startup.</summary>
    public Task Reached => reached.Task;

    public void Set() => reached.TrySetResult();
}
