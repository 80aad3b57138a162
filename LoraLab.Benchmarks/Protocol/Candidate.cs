namespace LoraLab.Benchmarks.Protocol;

/// <summary>One side of a comparison.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Iterations">Runs of a block; a block's time is their median.</param>
/// <param name="Once">Runs iteration i of a block and says how long it took; every block repeats the same iterations.</param>
internal sealed record Candidate(string Name, int Iterations, Func<int, Duration> Once)
{
    /// <summary>A side that runs in this process.</summary>
    public static Candidate Of(string name, int iterations, Action<int> once) => new(name, iterations, i => Duration.Of(() => once(i)));

    /// <summary>Times one block.</summary>
    public Duration Block()
    {
        Duration[] times = [.. Enumerable.Range(0, Iterations).Select(Once)];
        return new(Statistics.Median(times.Select(time => time.Wall)), times.All(time => time.Cpu is not null) ? Statistics.Median(times.Select(time => time.Cpu!.Value)) : null);
    }
}
