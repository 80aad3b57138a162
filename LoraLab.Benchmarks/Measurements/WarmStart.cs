using LoraLab.Benchmarks.Processes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>From submission to the first step, with cold workers and with a warm one.</summary>
internal sealed class WarmStart : IMeasurement
{
    private const string Setting = "WarmWorkers";
    private static readonly TimeSpan _warmUpTime = TimeSpan.FromSeconds(4);

    /// <inheritdoc />
    public string Name => "start-warm";

    /// <inheritdoc />
    public string Description => "submission to the first step, bundled sample, after eight evaluation rows";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        if (!File.ReadAllText(Path.Combine(bench.Home, "appsettings.json")).Contains(Setting, StringComparison.Ordinal))
        {
            throw new NotMeasuredException("the server of this build has no warm workers.");
        }

        using TemporaryFolder folder = bench.CreateTemporaryFolder();
        using ServerProcess cold = Server(bench, folder, warm: false);
        using ServerProcess warm = Server(bench, folder, warm: true);
        Comparison compared = Blocks.Compare(
            bench with { WallOnly = true },
            new Candidate("cold", 1, _ => Submit(bench, cold, Data(folder, warm: false))),
            [new Candidate("warm", 1, _ => Submit(bench, warm, Data(folder, warm: true)))]);
        return [bench.Speedup(
            this,
            compared,
            "cold worker",
            "warm worker",
            note: $"{_warmUpTime.TotalSeconds:0} s between submissions, for the next worker to warm up") with { Wall = null }];
    }

    private static Duration Submit(Bench bench, ServerProcess server, string data)
    {
        Thread.Sleep(_warmUpTime);
        DateTimeOffset submitted = server.Run(ColdStart.Micro(bench));
        return new((new RunEvents(data).FirstStep - submitted).TotalSeconds, null);
    }

    private static ServerProcess Server(Bench bench, TemporaryFolder folder, bool warm) =>
        new(bench, new Dictionary<string, string>(Specs.Environment(bench, Data(folder, warm)))
        {
            [$"LoraLab__{Setting}"] = warm ? "true" : "false",
        });

    private static string Data(TemporaryFolder folder, bool warm) => Path.Combine(folder.FullPath, warm ? "warm" : "cold");
}
