namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>
/// Keeps who removes files of ended runs apart from who begins an attempt: a run that is resumed meanwhile keeps its checkpoints, or finds none.
/// </summary>
internal sealed class RunDirectoryLocks
{
    private readonly Lock gate = new();

    /// <summary>Nobody else removes files, and no attempt begins, until the result is disposed.</summary>
    public Lock.Scope AcquireLock() => gate.EnterScope();

    /// <summary>Before an attempt that the store knows of begins: waits for who is about to remove files; whoever comes later sees the attempt.</summary>
    public void WaitUntilFree()
    {
        using Lock.Scope scope = gate.EnterScope();
    }
}
