using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Peft;

namespace LoraLab.Tests.Server.Faults;

/// <summary>The results of a run of about three seconds: everything that does not depend on time.</summary>
internal sealed record MicroRun(IReadOnlyDictionary<string, MetricSeries> Series, string Predictions, byte[] Adapter)
{
    /// <summary>Number of optimizer steps.</summary>
    public const int Steps = 20;

    /// <summary>Enough steps, evaluations and checkpoints for faults anywhere between them.</summary>
    public const string Spec = """
        {"model":"sample","dataset":"sample","method":"lora","rank":4,"alpha":8,"learningRate":0.005,"dropout":0.1,
         "lossScope":"completion","precision":"fp32","trainSamples":80,"effectiveBatch":4,"evalEvery":4,"evalSamples":32}
        """;

    private static readonly string[] _ofTime = [MetricKeys.TrainTokensPerSecond, MetricKeys.MemoryUsedMb];

    /// <summary>Reads a finished run.</summary>
    public static async Task<MicroRun> ReadAsync(RunApi api, RunDocument run, string dataDirectory)
    {
        RunMetrics metrics = await api.MetricsAsync(run.Id);
        string folder = Path.Combine(dataDirectory, "runs", run.Id);
        return new(
            metrics.Series.Where(series => !_ofTime.Contains(series.Key)).ToDictionary(),
            await File.ReadAllTextAsync(Path.Combine(folder, RunFiles.PredictionsAt(run.Progress.TotalSteps))),
            await File.ReadAllBytesAsync(Path.Combine(folder, RunFiles.Adapter, PeftFiles.Weights)));
    }

    /// <summary>
    /// Number of points that are missing, duplicated or different from those of the uninterrupted run; values are compared bitwise.
    /// </summary>
    public int PointsLost(MicroRun other)
    {
        int lost = Series.Keys.Except(other.Series.Keys).Sum(key => Series[key].X.Count) + other.Series.Keys.Except(Series.Keys)
            .Sum(key => other.Series[key].X.Count);
        foreach ((string key, MetricSeries series) in Series.Where(series => other.Series.ContainsKey(series.Key)))
        {
            HashSet<(int, long)> expected = [.. Points(series)];
            List<(int, long)> found = [.. Points(other.Series[key])];
            lost += expected.Except(found).Count() + found.Count - expected.Intersect(found).Count();
        }

        return lost;
    }

    private static IEnumerable<(int Step, long Bits)> Points(MetricSeries series) =>
        series.X.Zip(series.Y, (x, y) => (x, BitConverter.DoubleToInt64Bits(y ?? double.NaN)));
}
