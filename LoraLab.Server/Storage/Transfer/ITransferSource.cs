namespace LoraLab.Server.Storage.Transfer;

/// <summary>A store that is read as a whole, at one point in time.</summary>
internal interface ITransferSource : IDisposable
{
    /// <summary>Where it is, for messages.</summary>
    string Place { get; }

    /// <summary>Everything in it, in the order of the kinds.</summary>
    IEnumerable<TransferItem> Read();
}
