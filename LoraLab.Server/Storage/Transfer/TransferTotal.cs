namespace LoraLab.Server.Storage.Transfer;

/// <summary>All items of a kind.</summary>
/// <param name="Count">Their number.</param>
/// <param name="Sha256">SHA-256 of their canonical JSON, each followed by a line feed.</param>
internal sealed record TransferTotal(long Count, string Sha256)
{
    public override string ToString() => $"{Count} with SHA-256 {Sha256}";
}
