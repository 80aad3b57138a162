namespace LoraLab.Benchmarks.Protocol;

/// <summary>Times of all repeats and sides.</summary>
/// <param name="Clock">Clock of the ratios.</param>
/// <param name="Repeats">The two blocks per repeat and side; side 0 is A.</param>
/// <param name="Control">The two halves of each repeat of the control.</param>
/// <param name="ControlSide">Name of the side compared with itself.</param>
internal sealed record Comparison(
    Clock Clock,
    IReadOnlyList<(Duration First, Duration Second)[]> Repeats,
    IReadOnlyList<(Duration First, Duration Second)[]> Control,
    string ControlSide)
{
    /// <summary>Ratio of the control side to itself, over the repeats of the control.</summary>
    public Spread ControlRatio => Spread.From([.. Control.Select(times => Blocks.Sum(times[0], Clock) / Blocks.Sum(times[1], Clock))]);

    /// <summary>Time of A / time of side i, over the repeats.</summary>
    public Spread Speedup(int i, Clock? clock = null) =>
        Spread.From([.. Repeats.Select(times => Blocks.Sum(times[0], clock ?? Clock) / Blocks.Sum(times[i], clock ?? Clock))]);

    /// <summary>Time of side i / time of A, over the repeats.</summary>
    public Spread Share(int i, Clock? clock = null) =>
        Spread.From([.. Repeats.Select(times => Blocks.Sum(times[i], clock ?? Clock) / Blocks.Sum(times[0], clock ?? Clock))]);

    /// <summary>Median seconds per block of side i.</summary>
    public double Seconds(int i, Clock? clock = null) =>
        Statistics.Median(Repeats.SelectMany(times => new[] { times[i].First.On(clock ?? Clock), times[i].Second.On(clock ?? Clock) }));
}
