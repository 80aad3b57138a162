namespace LoraLab.Server.Storage.Transfer;

/// <summary>An empty store that is filled as a whole. Disposed without a commit, it is as empty as before.</summary>
internal interface ITransferTarget : ITransferSource
{
    void Write(TransferItem item);

    /// <summary>Keeps what was written.</summary>
    void Commit();
}
