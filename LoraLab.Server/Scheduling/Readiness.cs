namespace LoraLab.Server.Scheduling;

/// <summary>Whether startup is complete.</summary>
internal sealed class Readiness
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsReady => _reached.Task.IsCompleted;

    /// <summary>Completes with the startup.</summary>
    public Task Reached => _reached.Task;

    public void Set() => _reached.TrySetResult();
}
