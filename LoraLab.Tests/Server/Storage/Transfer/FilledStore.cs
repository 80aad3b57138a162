using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Tests.Server.Storage.Transfer;

/// <summary>An embedded store with one of everything that is hard to move, in a folder that no server uses.</summary>
internal static class FilledStore
{
    public const string First = "01a0";
    public const string Second = "01b0";
    public const string Study = "01c0";
    public const string Key = "laptop";

    private static readonly DateTimeOffset _at = DateTimeOffset.UnixEpoch.AddTicks(17_000_000_001_234_567);

    public static void CreateIn(string folder)
    {
        using StoreOnDisk open = new(folder);
        StoredRun first = OpenStore.Run(First);
        StoredRun second = OpenStore.Run(Second);
        first = first with
        {
            Document = first.Document with { Notes = "a NUL \0, a quote \" and \u00e9\U0001f600", Tags = ["b", "a"], Priority = -3 },
            Position = -42,
            Submitted = (JsonObject)JsonNode.Parse(
                """{"zeta": 1.0, "a": 1e-5, "big": 12345678901234567890, "nested": {"b": [null, -0.0]}}""")!,
        };
        StoredExperiment study = new()
        {
            Id = Study,
            Kind = ExperimentKind.Study,
            Name = "a study",
            CreatedAt = _at,
            Content = JsonElement.Parse("""{"state": "running", "longer": 0.00001, "b": 1E+2, "runs": ["01a0", "01b0"]}"""),
        };
        open.Store.Transact(StoreScope.Everything, transaction =>
        {
            transaction.Put(first);
            transaction.Put(second);
            transaction.PutExperiment(study);
            transaction.PutResponse(new StoredResponse("key 1", "hash", First, """{"id": "01a0",  "x": 1.0}""", _at));
            transaction.SetPaused(true);
            transaction.EmitState(first.Document);
            transaction.Emit(null, LiveEventTypes.QueueChanged, new { waiting = 2 });
        });
        open.AddPoints(First, [.. Points("train/loss", 1, 1, 700), .. Points("train/loss", 2, 500, 900), .. Points("eval/loss", 1, 0, 3)]);
        open.AddPoints(First, [new("train/gradNorm", 1, double.NaN), new("train/gradNorm", 2, double.NegativeInfinity)]);
        open.AddPoints(Second, [new("train/loss", 1, 0.1 + 0.2)]);
        open.Emit(First, 5);
        new KeyFile(open.Paths).Add(new StoredKey
        {
            Name = Key,
            Scopes = ["admin"],
            Sha256 = new string('a', 64),
            CreatedAt = _at,
            CreatedBy = "owner",
            LastUsedAt = _at,
        });
    }

    private static IEnumerable<MetricPoint> Points(string key, int attempt, int from, int to) =>
        Enumerable.Range(from, to - from + 1).Select(step => new MetricPoint(key, step, Math.Sin(step * attempt), attempt));
}
