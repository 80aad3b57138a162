namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>
/// Separates the removal of an ended run's files from the start of an attempt: a run that is resumed meanwhile keeps its checkpoints, or
/// finds none.
/// </summary>
internal sealed class RunDirectoryLocks
{
    private readonly Lock _gate = new();

    /// <summary>Excludes other removals, and the start of attempts, until the result is disposed.</summary>
    public Lock.Scope AcquireLock() => _gate.EnterScope();

    /// <summary>
    /// Called before the start of an attempt that is already in the store: waits for a removal in progress; later ones see the attempt.
    /// </summary>
    public void WaitUntilFree()
    {
        using Lock.Scope scope = _gate.EnterScope();
    }
}
