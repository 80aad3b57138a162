using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Server.Workers;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>
/// The database under 20 nodes of 10 lanes, whose runs train nothing: what a claim takes, how many transactions it has, how large it gets.
/// docs/scale-out.md has the figures that it prints.
/// </summary>
public sealed class ClusterSimulation
{
    private const int Nodes = 20;
    private const int Lanes = 10;
    private const int Few = 200;
    private const int Many = 20_000;
    private const int Part = 4_000;
    private const int Imports = 4;

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task TwoHundredWorkers_ExecuteTwentyThousandRunsOnceEach()
    {
        string connection = (await PostgresServer.SharedAsync()).NewPlace();
        using SimulatedNode web = new(connection, "web", NodeRoles.All);
        Submit(web.Store, 0, Few);
        Read(web, Few);
        List<SimulatedNode> nodes =
            [.. Enumerable.Range(0, Nodes).Select(i => new SimulatedNode(connection, $"node-{i:00}", NodeRoles.Worker))];
        int executed = 0;
        for (int first = Few; first < Many; first += Part)
        {
            Submit(web.Store, first, Math.Min(Part, Many - first));
            executed += await ExecuteAsync(nodes);
        }

        nodes.ForEach(node => node.Dispose());
        Assert.Equal(Many, executed);
        Assert.Equal(Many, web.Store.Counts().Of(RunState.Completed));
        Assert.All(web.Store.Enumerate(RunFilter.All), run => Assert.Single(run.Document.Attempts));
        Read(web, Many);
    }

    private static void Submit(IRunStore store, int first, int count)
    {
        foreach (int[] chunk in Enumerable.Range(first, count).Chunk(200))
        {
            store.Transact(StoreScope.Queue, transaction =>
            {
                foreach (int i in chunk)
                {
                    StoredRun run = OpenStore.Run(string.Create(CultureInfo.InvariantCulture, $"r{i:000000}"));
                    RunDocument document = run.Document with
                    {
                        Spec = run.Document.Spec with { Seed = i, Method = i % 2 == 0 ? "lora" : "pissa" },
                        Priority = i % 3,
                        CreatedAt = transaction.Now,
                    };
                    transaction.Put(run with { Document = document, Position = i });
                    transaction.EmitState(document);
                }
            });
        }
    }

    private static async Task<int> ExecuteAsync(List<SimulatedNode> nodes)
    {
        ConcurrentBag<double> claims = [];
        double cpu = PostgresCpu();
        Stopwatch stopwatch = Stopwatch.StartNew();
        int[] counts = await Task.WhenAll(nodes.SelectMany(node => Enumerable.Range(0, Lanes).Select(lane =>
            Task.Factory.StartNew(() => Work(node, lane, claims), TaskCreationOptions.LongRunning))));
        double seconds = stopwatch.Elapsed.TotalSeconds;
        double[] sorted = [.. claims.Order()];
        // A claim, the imports, and the end.
        int transactions = counts.Sum() * (Imports + 2);
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{counts.Sum()} runs in {seconds:0.0} s: {transactions / seconds:0} transactions per second, "
                + $"claim median {sorted[sorted.Length / 2]:0.0} ms, 95 % {sorted[sorted.Length * 95 / 100]:0.0} ms, "
                + $"PostgreSQL {(PostgresCpu() - cpu) / seconds:0.00} cores, database {Size(nodes[0]) / 1048576.0:0} MiB"));
        return counts.Sum();
    }

    private static int Work(SimulatedNode node, int index, ConcurrentBag<double> claims)
    {
        Lane lane = new(index, "auto") { Node = node.Name };
        RunImporter importer = new(node.Store, TimeProvider.System);
        for (int executed = 0; ; executed++)
        {
            long began = Stopwatch.GetTimestamp();
            RunDocument? run = node.Store.Transact(StoreScope.Claim, transaction =>
            {
                if (transaction.TakeNext(lane) is not { } next)
                {
                    return null;
                }

                RunDocument claimed = RunStateMachine.Claim(next.Document, lane.Device, transaction.Now, lane.Node);
                transaction.Put(next with { Document = claimed });
                transaction.EmitState(claimed);
                return claimed;
            });
            if (run is null)
            {
                return executed;
            }

            claims.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            for (int i = 0; i < Imports; i++)
            {
                importer.Import(run.Id, [Steps(i)]);
            }

            node.Store.Transact(StoreScope.Attempt(run.Id), transaction =>
            {
                StoredRun stored = transaction.Find(run.Id)!;
                RunDocument ended = RunStateMachine.End(stored.Document, EndReason.Finished, null, transaction.Now);
                transaction.Put(stored with { Document = ended });
                transaction.EmitState(ended);
            });
        }
    }

    private static MetricsRecorded Steps(int part) => new()
    {
        Number = part + 1,
        At = TimeProvider.System.GetUtcNow(),
        Steps = [.. Enumerable.Range((part * 10) + 1, 10)],
        Values = new Dictionary<string, double[]>
        {
            [MetricKeys.TrainLoss] = [.. Enumerable.Range(0, 10).Select(i => 1.0 / (i + 1))],
        },
    };

    private static void Read(SimulatedNode web, int count)
    {
        RunFilter completed = RunFilter.InStates(RunState.Completed, RunState.Queued);
        double first = Median(() => web.Store.List(RunFilter.All, RunSort.Latest, 60));
        double filtered = Median(() => web.Store.List(completed, RunSort.By("name"), 60));
        double compare = Median(() =>
        {
            foreach (int i in Enumerable.Range(0, 12))
            {
                web.Store.ReadSeries($"r{i:000000}", null);
            }
        });
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} runs: first page {first:0.0} ms, a filter by name {filtered:0.0} ms, series of 12 runs {compare:0.0} ms"));
    }

    // At once: the whole takes minutes.
    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static double Median(Action read)
    {
        double[] times = [.. Enumerable.Range(0, 21).Select(_ =>
        {
            long began = Stopwatch.GetTimestamp();
            read();
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }).Order()];
        return times[times.Length / 2];
    }

    private static double PostgresCpu() => Process.GetProcessesByName("postgres").Sum(process =>
    {
        using (process)
        {
            return process.TotalProcessorTime.TotalSeconds;
        }
    });

    private static long Size(SimulatedNode node) => node.Database.Query.One(
        "select sum(pg_total_relation_size(oid))::bigint from pg_class "
            + "where relnamespace = current_schema()::regnamespace and relkind = 'r'",
        row => row.GetInt64(0));

    /// <summary>The store as one node has it.</summary>
    private sealed class SimulatedNode : IDisposable
    {
        private readonly TransientRows _passing;
        private readonly PostgresRunStore _store;

        public SimulatedNode(string connection, string name, string role)
        {
            Name = name;
            string own = new NpgsqlConnectionStringBuilder(connection) { MaxPoolSize = Lanes + 2 }.ConnectionString;
            IOptions<LoraLabOptions> options = Options.Create(new LoraLabOptions { NodeName = name, Role = role });
            Database = new PostgresDatabase(new ConfigurationBuilder()
                .AddInMemoryCollection([new($"ConnectionStrings:{PostgresConnection.Name}", own)]).Build());
            _passing = new TransientRows(Database, TimeProvider.System);
            _store = new PostgresRunStore(
                Database, _passing, new HeldLeases(), new LeaseTimes(options), new NoClients(), new StoreChanges(), options,
                TimeProvider.System, NullLogger<PostgresRunStore>.Instance);
        }

        public string Name { get; }

        public PostgresDatabase Database { get; }

        public IRunStore Store => _store;

        public void Dispose()
        {
            _store.Dispose();
            _passing.Dispose();
            Database.Dispose();
        }
    }

    private sealed class NoClients : ILiveSink
    {
        public void Publish(IReadOnlyList<LoraLab.Contracts.Live.LiveEvent> events)
        {
        }
    }
}
