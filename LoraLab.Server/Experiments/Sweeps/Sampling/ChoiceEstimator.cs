namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>
/// A choice: how often each value was tried, plus once for every value, which is the prior. With K values and N trials the i-th has the
/// probability (1 + nᵢ)/(K + N).
/// </summary>
internal sealed class ChoiceEstimator : IParzenEstimator
{
    private readonly double[] shares;

    public ChoiceEstimator(int choices, IReadOnlyList<double> tried)
    {
        shares = [.. Enumerable.Range(0, choices).Select(i => (1.0 + tried.Count(value => (int)value == i)) / (choices + tried.Count))];
    }

    public double Draw(SeededRandom random)
    {
        double left = random.Next();
        for (int i = 0; i < shares.Length; i++)
        {
            left -= shares[i];
            if (left < 0)
            {
                return i;
            }
        }

        return shares.Length - 1;
    }

    public double LogDensity(double coordinate) => Math.Log(shares[(int)coordinate]);
}
