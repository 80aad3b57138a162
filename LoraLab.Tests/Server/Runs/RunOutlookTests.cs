using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>When queued runs and one that is not queued yet start, how long they take, and which runs are the same.</summary>
public sealed class RunOutlookTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly RunSpec _spec = new()
    {
        Model = "sample",
        Dataset = "sample",
        Method = "lora",
        EffectiveBatch = 16,
        EvalEvery = 50,
        EvalSamples = 10,
        Device = "cpu",
    };

    private readonly TemporaryFolder _folder = new();
    private readonly StoreOnDisk _disk;

    public RunOutlookTests() => _disk = new StoreOnDisk(_folder.Path);

    public void Dispose()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Queue_OfOneLane_FollowsItsRun()
    {
        Complete("done", _spec);
        Running("now", "cpu", eta: 30);
        Queue("a", _spec);
        Queue("b", _spec);

        IReadOnlyDictionary<string, QueueTimes> times = Forecast("cpu").OfQueue().Runs;

        // 10 s to load, 100 s of training, 3 evaluations of 10 rows at 1 s.
        Assert.Equal(new QueueTimes(_now.AddSeconds(30), _now.AddSeconds(170)), times["a"]);
        Assert.Equal(new QueueTimes(_now.AddSeconds(170), _now.AddSeconds(310)), times["b"]);
        Assert.Equal(2, times.Count);
    }

    [Fact]
    public void Queue_OfTwoLanes_TakesTheOneThatIsFreeFirstAmongThoseOfTheDevice()
    {
        Complete("done", _spec);
        Running("now", "cpu", eta: 30);
        Queue("a", _spec);
        Queue("b", _spec with { Device = "auto" });

        IReadOnlyDictionary<string, QueueTimes> times = Forecast("cpu", "cuda:0").OfQueue().Runs;

        Assert.Equal(_now.AddSeconds(30), times["a"].StartsAt);
        Assert.Equal(_now, times["b"].StartsAt);
    }

    [Fact]
    public void Queue_BehindARunOfUnknownLength_HasNoTimes()
    {
        Complete("done", _spec);
        Running("now", "cpu", eta: 30);
        Queue("a", _spec with { Model = "another" });
        Queue("b", _spec);

        IReadOnlyDictionary<string, QueueTimes> times = Forecast("cpu").OfQueue().Runs;

        Assert.Equal(new QueueTimes(_now.AddSeconds(30), null), Assert.Single(times).Value);
    }

    [Fact]
    public void Queue_ThatIsPaused_HasNoTimes()
    {
        Complete("done", _spec);
        Queue("a", _spec);
        _disk.Store.Transact(StoreScope.Queue, transaction => transaction.SetPaused(true));

        Assert.Empty(Forecast("cpu").OfQueue().Runs);
        Assert.Equal((null, 1), Forecast("cpu").OfNew(_spec));
    }

    [Fact]
    public void Queue_RunThatResumes_IsShorterByItsSteps()
    {
        Complete("done", _spec);
        Queue("a", _spec, step: 50);

        // 10 s to load, 50 s of training, evaluations before the first step and after the last.
        Assert.Equal(_now.AddSeconds(80), Forecast("cpu").OfQueue().Runs["a"].EndsAt);
    }

    [Fact]
    public void Seconds_OfAMethodThatHasRun_AreNotThoseOfAnother()
    {
        Complete("done", _spec);
        Complete("slow", _spec with { Method = "dora" }, trainSeconds: 1000);

        DryRunResult own = Outlook(_spec with { Method = "dora" });
        DryRunResult none = Outlook(_spec with { Method = "vera" });

        Assert.Equal(1040, own.Seconds);
        Assert.Contains("of dora with sample", own.SecondsBasis, StringComparison.Ordinal);
        Assert.Equal(590, none.Seconds);
        Assert.Contains("2 completed runs of sample", none.SecondsBasis, StringComparison.Ordinal);
    }

    [Fact]
    public void New_BetweenPriorities_StartsBehindTheHigherOnes()
    {
        Complete("done", _spec);
        Queue("high", _spec, priority: 5);
        Queue("low", _spec);

        DryRunResult result = Outlook(_spec with { Priority = 1 });

        Assert.Equal((1, _now.AddSeconds(140), 140d), (result.RunsBefore, result.StartsAt!.Value, result.Seconds!.Value));
    }

    [Fact]
    public void New_WithoutAnyCompletedRun_SaysThatItsTimeIsUnknown()
    {
        Queue("a", _spec);

        DryRunResult result = Outlook(_spec);

        Assert.Equal((null, null, 1), (result.Seconds, result.StartsAt, result.RunsBefore));
        Assert.Equal(
            "No run of sample on sample has completed on cpu yet, so there is no time estimate; one short run provides it.",
            result.SecondsBasis);
    }

    [Fact]
    public void New_LikeAnEarlierRunButForItsName_NamesThatRun()
    {
        Complete("done", _spec with { Name = "first" });
        Complete("other", _spec with { LearningRate = 0.5 });

        DryRunResult result = Outlook(_spec with { Name = "again", Priority = 3 });

        Assert.Equal([new SameRun("done", "done", RunState.Completed)], result.SameRuns);
    }

    private StartForecast Forecast(params string[] devices)
    {
        IOptions<LoraLabOptions> options = Options.Create(new LoraLabOptions { Devices = [.. devices] });
        SingleNode node = new(_disk.Store, options, TimeProvider.System);
        return new StartForecast(
            _disk.Store, new Lanes(options, null!, node, TimeProvider.System, NullLogger<Lanes>.Instance), new FixedClock());
    }

    private DryRunResult Outlook(RunSpec spec) => new RunOutlook(_disk.Store, Forecast("cpu")).Add(
        new DryRunResult { Spec = spec, Name = "new" },
        new SpecValidation { Spec = spec, TotalSteps = 100, EvalRows = 10 },
        Submitted(spec));

    private void Complete(string id, RunSpec spec, double trainSeconds = 100) => Put(id, spec, 0, run => run with
    {
        State = RunState.Completed,
        EndReason = EndReason.Finished,
        Progress = new RunProgress { Step = 100, TotalSteps = 100 },
        Summary = new RunSummary { LoadSeconds = 10, TrainSeconds = trainSeconds, EvalSeconds = 30, EvalRows = 10 },
        Attempts = [new RunAttempt { Number = 1, Device = "cpu", EndedAt = _now, Environment = new RunEnvironment { Device = "cpu" } }],
        EndedAt = _now,
    });

    private void Running(string id, string device, double eta) => Put(id, _spec, 0, run => run with
    {
        State = RunState.Running,
        Progress = new RunProgress { Step = 10, TotalSteps = 100, EtaSeconds = eta },
        Attempts = [new RunAttempt { Number = 1, Device = device }],
    });

    private void Queue(string id, RunSpec spec, int priority = 0, int step = 0) => Put(id, spec, _disk.RunIds.Count(), run => run with
    {
        State = RunState.Queued,
        Priority = priority,
        Progress = new RunProgress { Step = step, TotalSteps = 100 },
    });

    private void Put(string id, RunSpec spec, long position, Func<RunDocument, RunDocument> change)
    {
        StoredRun run = StoreOnDisk.Run(id);
        run = run with { Document = change(run.Document with { Spec = spec }), Position = position, Submitted = Submitted(spec) };
        _disk.Store.Transact(StoreScope.Everything, transaction => transaction.Put(run));
    }

    private static JsonObject Submitted(RunSpec spec) => SpecFieldCatalog.ToJson(spec);

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => _now;
    }
}
