namespace LoraLab.Benchmarks.Protocol;

/// <summary>Times of all repeats, side by side.</summary>
/// <param name="Clock">The clock of the ratios.</param>
/// <param name="Repeats">For each repeat and side its two blocks; side 0 is A.</param>
/// <param name="Control">For each repeat of the control its two halves.</param>
/// <param name="ControlSide">What was compared with itself.</param>
internal sealed record Comparison(
    Clock Clock, IReadOnlyList<(Duration First, Duration Second)[]> Repeats, IReadOnlyList<(Duration First, Duration Second)[]> Control, string ControlSide)
{
    /// <summary>How many times the time of side i the time of A is, over the repeats.</summary>
    public Spread Speedup(int i, Clock? clock = null) =>
        Spread.Of([.. Repeats.Select(times => Blocks.Sum(times[0], clock ?? Clock) / Blocks.Sum(times[i], clock ?? Clock))]);

    /// <summary>The time of side i as a share of the time of A, over the repeats.</summary>
    public Spread Share(int i, Clock? clock = null) =>
        Spread.Of([.. Repeats.Select(times => Blocks.Sum(times[i], clock ?? Clock) / Blocks.Sum(times[0], clock ?? Clock))]);

    /// <summary>The ratio of a side to itself, over the repeats of the control.</summary>
    public Spread Itself => Spread.Of([.. Control.Select(times => Blocks.Sum(times[0], Clock) / Blocks.Sum(times[1], Clock))]);

    /// <summary>Median seconds of a block of side i.</summary>
    public double Seconds(int i, Clock? clock = null) => Statistics.Median(Repeats.SelectMany(times => new[] { times[i].First.On(clock ?? Clock), times[i].Second.On(clock ?? Clock) }));
}
