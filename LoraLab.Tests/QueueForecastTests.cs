using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests;

/// <summary>When queued runs start and end.</summary>
public sealed class QueueForecastTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    // 100 steps in 10 + 100 + 40 seconds.
    private static readonly RunDocument _done = Run("done", "lora") with
    {
        Summary = new RunSummary { LoadSeconds = 10, TrainSeconds = 100, EvalSeconds = 40 },
    };

    [Fact]
    public void Times_OfOneLane_FollowEachOther()
    {
        IReadOnlyDictionary<string, QueueTimes> times = QueueForecast.Of(Queue(30, Run("a", "lora"), Run("b", "lora")), [_done], 1, _now);

        Assert.Equal(new QueueTimes(_now.AddSeconds(30), _now.AddSeconds(180)), times["a"]);
        Assert.Equal(new QueueTimes(_now.AddSeconds(180), _now.AddSeconds(330)), times["b"]);
    }

    [Fact]
    public void Times_OfTwoLanes_TakeTheOneThatIsFreeFirst()
    {
        IReadOnlyDictionary<string, QueueTimes> times = QueueForecast.Of(Queue(30, Run("a", "lora"), Run("b", "lora")), [_done], 2, _now);

        Assert.Equal(_now, times["a"].StartsAt);
        Assert.Equal(_now.AddSeconds(30), times["b"].StartsAt);
    }

    [Fact]
    public void Times_AfterARunOfUnknownLength_AreUnknown()
    {
        RunDocument other = Run("a", "lora");
        other = other with { Spec = other.Spec with { Model = "another" } };

        IReadOnlyDictionary<string, QueueTimes> times = QueueForecast.Of(Queue(30, other, Run("b", "lora")), [_done], 1, _now);

        Assert.Equal(new QueueTimes(_now.AddSeconds(30), null), times["a"]);
        Assert.Equal(new QueueTimes(null, null), times["b"]);
    }

    [Fact]
    public void Times_OfAPausedQueue_AreNone() =>
        Assert.Empty(QueueForecast.Of(Queue(30, Run("a", "lora")) with { Paused = true }, [_done], 1, _now));

    [Fact]
    public void Seconds_TakeTheSameMethodAndScaleWithTheRowsOfAStep()
    {
        RunDocument slower = Run("slower", "dora") with { Summary = new RunSummary { TrainSeconds = 1000 } };
        RunDocument run = Run("a", "lora");
        run = run with { Spec = run.Spec with { EffectiveBatch = 32 }, Progress = new RunProgress { TotalSteps = 50 } };

        // Half as many steps, each of twice as many rows.
        Assert.Equal(150, QueueForecast.Seconds(run, [slower, _done]));
        Assert.Equal(1000, QueueForecast.Seconds(Run("b", "pissa"), [slower, _done]));
    }

    private static QueueDocument Queue(double eta, params RunDocument[] queued) => new()
    {
        Running = [Run("now", "lora") with { Progress = new RunProgress { EtaSeconds = eta } }],
        Queued = queued,
        Total = queued.Length,
    };

    private static RunDocument Run(string id, string method) => new()
    {
        Id = id,
        Name = id,
        Color = "#2563eb",
        Spec = new RunSpec { Model = "sample", Dataset = "sample", Method = method, EffectiveBatch = 16 },
        Progress = new RunProgress { TotalSteps = 100 },
    };
}
