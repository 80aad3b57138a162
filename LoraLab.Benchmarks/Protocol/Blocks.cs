namespace LoraLab.Benchmarks.Protocol;

/// <summary>
/// Protocol of every timed ratio: warm-up, then repeats of A B B A (with more sides A B C C B A), so that drift of the machine affects all
/// sides equally; each repeat gives one ratio. A control A A A A follows, in the same way: the ratio of a side to itself.
/// </summary>
internal static class Blocks
{
    /// <summary>Compares the sides.</summary>
    /// <param name="bench">Number of repeats, and the log.</param>
    /// <param name="a">Baseline of the ratios.</param>
    /// <param name="others">Sides compared with the baseline.</param>
    /// <param name="warmUp">Warm-up blocks per side, not counted.</param>
    public static Comparison Compare(Bench bench, Candidate a, IReadOnlyList<Candidate> others, int warmUp = 1)
    {
        List<Candidate> sides = [a, .. others];
        foreach (Candidate side in Enumerable.Repeat(sides, warmUp).SelectMany(each => each))
        {
            side.Block();
        }

        List<(Duration First, Duration Second)[]> repeats = [];
        for (int repeat = 0; repeat < bench.Repeats; repeat++)
        {
            repeats.Add(Palindrome(sides));
            string sideTimes = string.Join(
                ", ", sides.Zip(repeats[^1], (side, times) => $"{side.Name} {Format(times.First)} {Format(times.Second)}"));
            bench.Log($"  {repeat + 1}/{bench.Repeats}: {sideTimes}");
        }

        // The control uses the side with the shortest block: noise is largest there, so the control is conservative, and it is fast.
        int fastest = Enumerable.Range(0, sides.Count).MinBy(i => repeats[0][i].First.Wall);
        List<(Duration First, Duration Second)[]> control =
            [.. Enumerable.Range(0, bench.Repeats).Select(_ => Palindrome([sides[fastest], sides[fastest]]))];
        IEnumerable<string> ratios = control.Select(times =>
            (Sum(times[0], bench.Clock) / Sum(times[1], bench.Clock)).ToString("0.000", System.Globalization.CultureInfo.InvariantCulture));
        bench.Log($"  control ({sides[fastest].Name} against itself): {string.Join(", ", ratios)}");
        return new(bench.Clock, repeats, control, sides[fastest].Name);
    }

    internal static double Sum((Duration First, Duration Second) times, Clock clock) => times.First.On(clock) + times.Second.On(clock);

    private static (Duration, Duration)[] Palindrome(IReadOnlyList<Candidate> sides)
    {
        Duration[] first = [.. sides.Select(side => side.Block())];
        Duration[] second = [.. sides.Reverse().Select(side => side.Block()).Reverse()];
        return [.. first.Zip(second)];
    }

    private static string Format(Duration time) => time.Cpu is double cpu
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.Wall:0.####} s ({cpu:0.####} CPU)")
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.Wall:0.####} s");
}
