using System.Globalization;
using System.Text.Json;
using LoraLab.Benchmarks.Processes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>First page of the run list, with few and with many runs.</summary>
internal sealed class FirstPage : IMeasurement
{
    private const int Few = 100;
    private const int Many = 10_000;
    private const int Requests = 200;

    // The last query is a scan: names begin with the method, so the order depends on the filtered field.
    private static readonly (string Query, string Name, Target? Target)[] _lists =
    [
        ("", "the latest", Twice), ("?sort=name", "by name", Twice), ("?sort=-eval/accuracy", "the best", Twice),
        ("?state=queued", "queued runs", Twice),
        ("?method=lora-xs", "one method", Twice), ("?method=lora-xs&sort=-eval/accuracy&limit=25", "the best of one method", Twice),
        ("?method=pissa&sort=name&limit=25", "one method by name", null),
    ];

    private static Target Twice => Target.NoMoreThan(2, 1.2);

    /// <inheritdoc />
    public string Name => "first-page";

    /// <inheritdoc />
    public string Description => $"first page of the run list, {Many:N0} runs / {Few} runs";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder folder = bench.CreateTemporaryFolder();
        using ServerProcess few = Serve(bench, Path.Combine(folder.FullPath, "few"), Few);
        using ServerProcess many = Serve(bench, Path.Combine(folder.FullPath, "many"), Many);
        return [.. _lists.Select(list => Compare(bench, list.Query, list.Name, list.Target, few, many))];
    }

    private Finding Compare(Bench bench, string query, string list, Target? target, ServerProcess few, ServerProcess many)
    {
        string url = ApiRoutes.Runs + query;
        Comparison compared = Blocks.Compare(
            bench with { WallOnly = true },
            Candidate.InProcess("few", Requests, _ => few.Get(url)),
            [Candidate.InProcess("many", Requests, _ => many.Get(url))]);
        return new Finding
        {
            Measurement = Name,
            Description = $"{Description}: {list}",
            A = $"{Few} runs",
            B = $"{Many:N0} runs",
            Unit = "B / A",
            Value = compared.Share(1),
            Control = compared.ControlRatio,
            Clock = Clock.Wall,
            Target = target,
            Details = new Dictionary<string, double> { ["A, s"] = compared.Seconds(0), ["B, s"] = compared.Seconds(1) },
        }.WithVerdict();
    }

    /// <summary>Starts a server on generated run directories, from which it rebuilds its database.</summary>
    private static ServerProcess Serve(Bench bench, string data, int runs)
    {
        string[] methods = ["lora", "pissa", "lora-xs", "lora-plus"];
        for (int i = 0; i < runs; i++)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"2bz{i:D5}aa");
            string method = methods[i % methods.Length];
            RunDocument run = new()
            {
                Id = id,
                Name = string.Create(CultureInfo.InvariantCulture, $"{method} {runs - i}"),
                Color = "#336699",
                Tags = i % 10 == 0 ? ["tenth"] : [],
                Spec = new RunSpec { Method = method },
                CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(i),
                Summary = new RunSummary().With(MetricKeys.EvalAccuracy, new MetricSummary { Last = i % 97 / 97.0 }),
            };
            string record = JsonSerializer.Serialize(new { Document = run, Position = i, Submitted = new { } }, ContractJson.Options);
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(data, "runs", id)).FullName, "run.json"), record);
        }

        File.WriteAllText(Path.Combine(data, "store.json"), """{"paused":true,"seqBelow":0}""");
        return new ServerProcess(bench, Specs.Environment(bench, data));
    }
}
