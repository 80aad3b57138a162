using System.Diagnostics;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Nodes as real server processes that share a database and a folder.</summary>
/// <param name="connection">Connection string of the database.</param>
/// <param name="leaseSeconds">Length of leases.</param>
/// <param name="trains">Whether its workers train, instead of following a script.</param>
internal sealed class TestCluster(string connection, double leaseSeconds, bool trains = false) : IAsyncDisposable
{
    /// <summary>The key of the connection string.</summary>
    public const string Postgres = "ConnectionStrings__Postgres";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _folder = new();
    private readonly List<ServerProcess> _nodes = [];

    public string Connection => connection;

    /// <summary>The shared data directory.</summary>
    public string Folder => _folder.Path;

    public static async Task<TestCluster> CreateAsync(double leaseSeconds = 120, bool trains = false) =>
        new((await PostgresServer.SharedAsync()).NewPlace(), leaseSeconds, trains);

    /// <summary>How a node is started.</summary>
    public ServerSetup SetupOf(string name, string role, params (string Key, string Value)[] more) => new()
    {
        WorkerPath = trains ? null : BuiltPrograms.ScriptedWorker,
        DataDirectory = Folder,
        Environment = new Dictionary<string, string>(
        [
            KeyValuePair.Create(Postgres, more.FirstOrDefault(one => one.Key == Postgres).Value ?? connection),
            KeyValuePair.Create("LoraLab__NodeName", name),
            KeyValuePair.Create("LoraLab__Role", role),
            KeyValuePair.Create(
                "LoraLab__Cluster__LeaseSeconds", leaseSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            // Repeating a claim would find that another node has taken the run meanwhile.
            KeyValuePair.Create("LoraLab__RepeatTransactions", "false"),
            .. more.Where(one => one.Key != Postgres).Select(one => KeyValuePair.Create(one.Key, one.Value)),
        ]),
    };

    public Task<ServerProcess> StartAsync(string name, string role, params (string Key, string Value)[] more) =>
        StartAsync(SetupOf(name, role, more));

    public async Task<ServerProcess> StartAsync(ServerSetup setup)
    {
        ServerProcess node = await ServerProcess.StartAsync(setup);
        lock (_nodes)
        {
            _nodes.Add(node);
        }

        return node;
    }

    /// <summary>The nodes as one of them lists them.</summary>
    public static async Task<IReadOnlyList<NodeEntry>> NodesAsync(RunApi api) =>
        (await api.ReadAsync<SystemDocument>("api/v1/system")).Nodes;

    /// <summary>Waits for a run, which may be interrupted and continued meanwhile.</summary>
    public static async Task<RunDocument> WaitAsync(RunApi api, string id, Predicate<RunDocument> condition)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); ; await Polling.PauseAsync(waited))
        {
            RunDocument run = await api.GetAsync(id);
            if (condition(run))
            {
                return run;
            }

            Assert.True(waited.Elapsed < _patience, $"Run {id} is {run.State} ({run.Error}) at step {run.Progress.Step}.");
        }
    }

    /// <summary>Waits for the end of a run; an interrupted one is resumed, so it has not ended.</summary>
    public static Task<RunDocument> EndAsync(RunApi api, string id) =>
        WaitAsync(api, id, run => run.State.IsTerminal() && run.State != RunState.Interrupted);

    /// <summary>Asserts that a run is completed, and that each of its steps is there once.</summary>
    public static async Task AssertCompleteAsync(RunApi api, RunDocument ended)
    {
        Assert.True(ended.State == RunState.Completed, $"Run {ended.Id} is {ended.State}: {ended.Error}");
        RunMetrics metrics = await api.MetricsAsync(ended.Id);
        Assert.Equal(Enumerable.Range(1, ended.Progress.TotalSteps), metrics.Series[MetricKeys.TrainLoss].X);
    }

    public async ValueTask DisposeAsync()
    {
        bool failed = TestContext.Current.TestState?.Result == TestResult.Failed;
        foreach (ServerProcess node in _nodes)
        {
            if (failed)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"--- {node.Address}{Environment.NewLine}{node.Output}");
            }

            await node.DisposeAsync();
        }

        _folder.Dispose();
    }
}
