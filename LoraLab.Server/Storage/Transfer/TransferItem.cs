using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Access;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>One document of a store.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">The document, of the type that its kind has.</param>
internal sealed record TransferItem(TransferKind Kind, object Value)
{
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(Value, Value.GetType(), ContractJson.Options);

    public static TransferItem Read(TransferKind kind, JsonElement value) =>
        new(kind, value.Deserialize(TypeOf(kind), ContractJson.Options) ?? throw new JsonException($"a {kind} is null"));

    /// <summary>A key with times as exact as every store keeps them.</summary>
    public static TransferItem Of(StoredKey key) => new(TransferKind.Key, key with
    {
        CreatedAt = Milliseconds(key.CreatedAt),
        LastUsedAt = key.LastUsedAt is DateTimeOffset used ? Milliseconds(used) : null,
    });

    /// <summary>An event with a time as exact as every store keeps it.</summary>
    public static TransferItem Of(LiveEvent live) => new(TransferKind.Event, live with { At = Milliseconds(live.At) });

    private static DateTimeOffset Milliseconds(DateTimeOffset at) => DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());

    private static Type TypeOf(TransferKind kind) => kind switch
    {
        TransferKind.State => typeof(TransferState),
        TransferKind.Run => typeof(StoredRun),
        TransferKind.Points => typeof(TransferSeries),
        TransferKind.Experiment => typeof(StoredExperiment),
        TransferKind.Response => typeof(StoredResponse),
        TransferKind.Event => typeof(LiveEvent),
        _ => typeof(StoredKey),
    };
}
