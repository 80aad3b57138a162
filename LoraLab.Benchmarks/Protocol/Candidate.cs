namespace LoraLab.Benchmarks.Protocol;

/// <summary>One side of a comparison.</summary>
/// <param name="Name">Name of the side.</param>
/// <param name="Iterations">Iterations per block; the time of a block is their median.</param>
/// <param name="Once">Runs iteration i of a block and returns its duration; every block repeats the same iterations.</param>
internal sealed record Candidate(string Name, int Iterations, Func<int, Duration> Once)
{
    /// <summary>A side that runs in this process.</summary>
    public static Candidate InProcess(string name, int iterations, Action<int> once) =>
        new(name, iterations, i => Duration.Measure(() => once(i)));

    /// <summary>Times one block.</summary>
    public Duration Block()
    {
        Duration[] times = [.. Enumerable.Range(0, Iterations).Select(Once)];
        return new(
            Statistics.Median(times.Select(time => time.Wall)),
            times.All(time => time.Cpu is not null) ? Statistics.Median(times.Select(time => time.Cpu!.Value)) : null);
    }
}
