using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Filters;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>Lists of stored runs: the runs, order and pages that the filter and the order themselves give.</summary>
public abstract class StoredListTests : IDisposable
{
    private static readonly string[] _filters =
    [
        "accuracy > 0.5", "accuracy != 0.4", "not accuracy >= 0.3", "accuracy = null", "accuracy != null", "accuracy.best < 0.9",
        "method = PISSA", "method != lora", "method in (lora, lora-xs)", "method not in (lora)", "name ~ 'ONE'", "name !~ o", "name ~ ''",
        "tag = A", "tag != a", "tag ~ b", "tag = null", "tag != null", "notes = null", "notes ~ straße", "notes ~ \"it's\"",
        "state = completed", "state in (queued, failed)", "endReason = null", "rank >= 4 and (tag = a or accuracy > 0.7)",
        "createdAt > 1970-01-01T00:00:03", "startedAt = null", "methodOptions.lrRatio > 4", "methodOptions.lrRatio = null",
        "methodOptions.kind = Deep", "methodOptions.kind ~ EE", "methodOptions.on = true", "methodOptions.on = 1", "microBatch = auto",
        "microBatch > 2", "study = study", "study = null", "rateRatio > 1", "id = RUN07", "attempts = 0",
        "learningRate <= 1e-4 or rank = 3", "not (tag = a and tag = b)",
    ];

    private static readonly string[] _orders =
    [
        "-id", "id", "name", "-name", "-accuracy", "eval/accuracy", "-state,name", "method,-accuracy,rank", "notes", "-tags", "-endedAt",
        "methodOptions.lrRatio", "-methodOptions.kind,id", "-createdAt", "rank,-learningRate,name", "-microBatch",
    ];

    private readonly StorePlace _place;
    private readonly OpenStore _disk;
    private readonly List<StoredRun> _runs = [.. Enumerable.Range(0, 60).Select(Run)];

    private protected StoredListTests(StorePlace place)
    {
        (_place, _disk) = (place, place.Open());
        _disk.Store.Transact(StoreScope.Everything, transaction =>
        {
            foreach (StoredRun run in _runs)
            {
                transaction.Put(run);
            }
        });
    }

    public void Dispose()
    {
        _disk.Dispose();
        _place.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void List_ByEachFilter_HasTheRunsThatMatch() => Assert.All(_filters, filter =>
    {
        RunFilter wanted = new() { Condition = RunFilterText.Parse(filter) };
        RunPage page = _disk.Store.List(wanted, RunSort.Oldest, 100);

        Assert.Equal(_runs.Select(run => run.Document).Where(wanted.Matches).Select(run => run.Id), page.Documents.Select(run => run.Id));
        Assert.Equal(page.Items.Count, page.Total);
    });

    [Fact]
    public void List_ByEachCriterion_HasTheRunsThatMatch() => Assert.All(
        (RunFilter[])
        [
            RunFilter.All, RunFilter.InStates(RunState.Queued, RunState.Completed), new() { Methods = new HashSet<string> { "pissa" } },
            new() { Tags = new HashSet<string> { "a", "b" } }, new() { Tags = new HashSet<string> { "A" } }, new() { StudyId = "study" },
            new() { SweepId = "sweep" }, new() { Trained = ("other", new RunSpec().Dataset) }, new() { Alias = "champion" },
            new() { ParentId = "run03" }, new() { Text = "pissa ONE" }, new() { Text = "RUN05" }, new() { Text = "straße b" },
            new() { States = new HashSet<RunState>(), Text = "" },
            new() { States = new HashSet<RunState> { RunState.Completed }, Condition = RunFilterText.Parse("accuracy > 0.5"), Text = "o" },
        ],
        filter => Assert.Equal(
            _runs.Select(run => run.Document).Where(filter.Matches).Select(run => run.Id),
            _disk.Store.List(filter, RunSort.Oldest, 100).Documents.Select(run => run.Id)));

    [Theory]
    [InlineData(7)]
    [InlineData(100)]
    public void List_InEachOrder_PageByPage_HasAllRunsInOrder(int limit) => Assert.All(_orders, order =>
    {
        RunSort sort = RunSort.TryParse(order)!;
        List<string> expected = [.. _runs.Select(run => run.Document).Order(sort).Select(run => run.Id)];
        List<string> found = [];
        RunSort.Key? after = null;
        RunPage page;
        do
        {
            page = _disk.Store.List(RunFilter.All, sort, limit, after);
            found.AddRange(page.Documents.Select(run => run.Id));
            after = sort.KeyOf(page.Items[^1].Document);
        }
        while (page.HasMore);

        Assert.Equal(expected, found);
    });

    [Fact]
    public void Queue_InAnyPart_IsByPriorityThenPositionThenId()
    {
        List<string> waiting = [.. _runs.Select(QueueCursor.Of).OfType<QueueCursor>().Order(QueueCursor.Order).Select(place => place.Id)];

        QueuePage whole = _disk.Store.QueuePage();

        Assert.Equal(waiting, whole.Waiting.Select(run => run.Document.Id));
        Assert.Equal(waiting.Skip(3).Take(5), _disk.Store.QueuePage(3, 5).Waiting.Select(run => run.Document.Id));
        Assert.Equal(
            _runs.Where(run => run.Document.State is RunState.Running or RunState.Preparing).OrderBy(run => run.Document.StartedAt)
                .ThenBy(run => run.Document.Id, StringComparer.Ordinal).Select(run => run.Document.Id),
            whole.Running.Select(run => run.Document.Id));
        Assert.Equal(waiting.Select((_, i) => (int?)(i + 1)), waiting.Select(_disk.Store.QueuePositionOf));
        Assert.Null(_disk.Store.QueuePositionOf(whole.Running[0].Document.Id));
        Assert.Equal(2, _disk.Store.QueuedUpTo(QueueCursor.Of(whole.Waiting[2])!.Value with { Id = "" }));
        Assert.Equal((_runs.Min(run => run.Position) - 1, _runs.Max(run => run.Position) + 1), _disk.Store.QueueEnds());
        foreach (string device in (string[])["auto", "cpu", "cuda", "cuda:1"])
        {
            Lane lane = new(0, device);
            Assert.Equal(
                whole.Waiting.First(run => lane.Accepts(run.Document.Spec.Device)).Document.Id,
                _disk.Store.NextWaiting(lane)!.Document.Id);
        }
    }

    [Fact]
    public void Names_ColorsAndCounts_AreThoseOfTheRuns()
    {
        Assert.True(_disk.Store.HasName("one 3"));
        Assert.False(_disk.Store.HasName("ONE 3"));
        Assert.Equal(
            _runs.Where(run => run.Document.Spec.Method == "pissa").GroupBy(run => run.Document.Color)
                .Select(color => (color.Key, color.Count())).Order(),
            _disk.Store.ColorsOf("pissa").Select(color => (color.Key, color.Value)).Order());
        RunCounts counts = _disk.Store.Counts();
        Assert.Equal(_runs.Count, counts.Total);
        Assert.All(Enum.GetValues<RunState>(), state =>
            Assert.Equal(_runs.Count(run => run.Document.State == state), counts.Of(state)));
    }

    private static StoredRun Run(int i)
    {
        string[] methods = ["lora", "pissa", "lora-xs"];
        string[] devices = ["cpu", "auto", "cuda", "cuda:0", "cuda:1"];
        RunDocument run = new()
        {
            Id = $"run{i:D2}",
            Name = i % 3 == 0 ? $"one {i % 9}" : i % 3 == 1 ? $"Two {i % 4}" : $"two {i % 5}",
            Color = $"#00000{i % 4}",
            Priority = i % 7 / 3,
            Tags = [.. ((string[])["a", "b"]).Where((_, bit) => (i & (1 << bit)) != 0)],
            Aliases = i == 11 ? ["champion"] : [],
            Notes = i % 5 == 0 ? null : i % 5 == 1 ? "Straße, it's \0 here" : i % 5 == 2 ? "" : $"note {i % 6}",
            StudyId = i % 8 == 0 ? "study" : null,
            SweepId = i % 8 == 1 ? "sweep" : null,
            ClonedFrom = i % 10 == 4 ? "run03" : null,
            CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(i % 6),
            Spec = new RunSpec
            {
                Method = methods[i % 3],
                Rank = i % 5,
                LearningRate = i % 2 == 0 ? 1e-4 : 2.5e-4,
                Device = devices[i % 5],
                Model = i % 9 == 0 ? "other" : new RunSpec().Model,
                MicroBatch = i % 4 == 0 ? new RunSpec().MicroBatch : new MicroBatch((i % 6) + 1),
                MethodOptions = Options(i),
            },
            Summary = i % 4 == 3 ? new RunSummary() : new RunSummary().With(
                MetricKeys.EvalAccuracy, new MetricSummary { Last = i % 11 / 10.0, Best = i % 13 / 12.0 }),
        };
        DateTimeOffset later = DateTimeOffset.UnixEpoch.AddSeconds(100 + (i * 7 % 20));
        RunDocument claimed = RunStateMachine.Claim(run, "cpu", later);
        RunDocument state = (i % 6) switch
        {
            0 => claimed,
            1 => RunStateMachine.Begin(claimed),
            2 => RunStateMachine.End(RunStateMachine.Begin(claimed), EndReason.Finished, null, later.AddSeconds(9)),
            3 => RunStateMachine.End(claimed, EndReason.WorkerLost, "It was lost.", later.AddSeconds(3)),
            _ => run,
        };
        return new StoredRun { Document = state, Position = i * 7 % 11, ExperimentKey = i % 8 < 2 ? $"key {i}" : null };
    }

    private static JsonObject Options(int i) => (i % 4) switch
    {
        0 => [],
        1 => new JsonObject { ["lrRatio"] = i / 4.0 },
        2 => new JsonObject { ["kind"] = i % 3 == 0 ? "deep" : "flat", ["on"] = i % 8 == 2 },
        _ => new JsonObject { ["lrRatio"] = "auto" },
    };
}

/// <summary>In the embedded store.</summary>
public sealed class LiteDbStoredListTests() : StoredListTests(new StorePlace.InFolder());

/// <summary>In PostgreSQL.</summary>
public sealed class PostgresStoredListTests() : StoredListTests(new StorePlace.InPostgres());
