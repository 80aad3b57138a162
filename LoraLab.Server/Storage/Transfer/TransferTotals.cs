using System.Security.Cryptography;
using System.Text.Json;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>Counts and hashes per kind, of what passes through.</summary>
internal sealed class TransferTotals : IDisposable
{
    private readonly Dictionary<TransferKind, (long Count, IncrementalHash Hash)> _kinds = Enum.GetValues<TransferKind>()
        .ToDictionary(kind => kind, _ => (0L, IncrementalHash.CreateHash(HashAlgorithmName.SHA256)));

    /// <summary>The totals so far, in the order of the kinds.</summary>
    public IReadOnlyDictionary<TransferKind, TransferTotal> Now => _kinds.ToDictionary(
        kind => kind.Key, kind => new TransferTotal(kind.Value.Count, Convert.ToHexStringLower(kind.Value.Hash.GetCurrentHash())));

    /// <summary>Totals of all items.</summary>
    public static IReadOnlyDictionary<TransferKind, TransferTotal> Of(IEnumerable<TransferItem> items)
    {
        using TransferTotals totals = new();
        foreach (TransferItem item in items)
        {
            totals.Add(item.Kind, item.ToJson());
        }

        return totals.Now;
    }

    public void Add(TransferKind kind, JsonElement value)
    {
        (long count, IncrementalHash hash) = _kinds[kind];
        hash.AppendData(CanonicalJson.Of(value));
        hash.AppendData("\n"u8);
        _kinds[kind] = (count + 1, hash);
    }

    public void Dispose()
    {
        foreach ((_, IncrementalHash hash) in _kinds.Values)
        {
            hash.Dispose();
        }
    }
}
