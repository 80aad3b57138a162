using LoraLab.Contracts.Machine;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Nodes as real server processes that share a database and a folder.</summary>
/// <param name="connection">Connection string of the database.</param>
/// <param name="leaseSeconds">Length of leases.</param>
internal sealed class TestCluster(string connection, double leaseSeconds) : IAsyncDisposable
{
    /// <summary>The key of the connection string.</summary>
    public const string Postgres = "ConnectionStrings__Postgres";

    private readonly TemporaryFolder _folder = new();
    private readonly List<ServerProcess> _nodes = [];

    public string Connection => connection;

    /// <summary>The shared data directory.</summary>
    public string Folder => _folder.Path;

    public static async Task<TestCluster> CreateAsync(double leaseSeconds = 120) =>
        new((await PostgresServer.SharedAsync()).NewPlace(), leaseSeconds);

    /// <summary>How a node is started.</summary>
    public ServerSetup SetupOf(string name, string role, params (string Key, string Value)[] more) => new()
    {
        WorkerPath = BuiltPrograms.ScriptedWorker,
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

    public async Task<ServerProcess> StartAsync(string name, string role, params (string Key, string Value)[] more)
    {
        ServerProcess node = await ServerProcess.StartAsync(SetupOf(name, role, more));
        lock (_nodes)
        {
            _nodes.Add(node);
        }

        return node;
    }

    /// <summary>The nodes as one of them lists them.</summary>
    public static async Task<IReadOnlyList<NodeEntry>> NodesAsync(RunApi api) =>
        (await api.ReadAsync<SystemDocument>("api/v1/system")).Nodes;

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
