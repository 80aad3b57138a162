namespace LoraLab.Benchmarks.Protocol;

/// <summary>
/// The protocol of every timed ratio: warm-up, then repeats of A B B A (with more sides A B C C B A), so that a drift of the machine falls
/// on all sides alike; each repeat gives one ratio. Then A A A A in the same way: what the ratio of a thing to itself would be.
/// </summary>
internal static class Blocks
{
    /// <summary>Compares.</summary>
    /// <param name="bench">How many repeats, and who hears of them.</param>
    /// <param name="a">The base of the ratios.</param>
    /// <param name="others">What is compared with it.</param>
    /// <param name="warmUp">Blocks of each side that do not count.</param>
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
            bench.Log($"  {repeat + 1}/{bench.Repeats}: {string.Join(", ", sides.Zip(repeats[^1], (side, times) => $"{side.Name} {Shown(times.First)} {Shown(times.Second)}"))}");
        }

        // The side with the shortest block: noise shows most in it, so that the control is on the safe side, and quick.
        int quickest = Enumerable.Range(0, sides.Count).MinBy(i => repeats[0][i].First.Wall);
        List<(Duration First, Duration Second)[]> control = [.. Enumerable.Range(0, bench.Repeats).Select(_ => Palindrome([sides[quickest], sides[quickest]]))];
        bench.Log($"  control ({sides[quickest].Name} against itself): {string.Join(", ", control.Select(times => (Sum(times[0], bench.Clock) / Sum(times[1], bench.Clock)).ToString("0.000", System.Globalization.CultureInfo.InvariantCulture)))}");
        return new(bench.Clock, repeats, control, sides[quickest].Name);
    }

    internal static double Sum((Duration First, Duration Second) times, Clock clock) => times.First.On(clock) + times.Second.On(clock);

    private static (Duration, Duration)[] Palindrome(IReadOnlyList<Candidate> sides)
    {
        Duration[] first = [.. sides.Select(side => side.Block())];
        Duration[] second = [.. sides.Reverse().Select(side => side.Block()).Reverse()];
        return [.. first.Zip(second)];
    }

    private static string Shown(Duration time) => time.Cpu is double cpu
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.Wall:0.####} s ({cpu:0.####} CPU)")
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.Wall:0.####} s");
}
