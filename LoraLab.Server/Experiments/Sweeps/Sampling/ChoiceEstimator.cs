namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>
/// Estimator of a categorical field: the frequency of each value plus a prior count of 1. With K values and N trials, value i has the
/// probability (1 + nᵢ)/(K + N).
/// </summary>
internal sealed class ChoiceEstimator : IParzenEstimator
{
    private readonly double[] _probabilities;

    public ChoiceEstimator(int choices, IReadOnlyList<double> observed)
    {
        _probabilities =
            [.. Enumerable.Range(0, choices).Select(i => (1.0 + observed.Count(value => (int)value == i)) / (choices + observed.Count))];
    }

    public double Draw(SeededRandom random)
    {
        double left = random.Next();
        for (int i = 0; i < _probabilities.Length; i++)
        {
            left -= _probabilities[i];
            if (left < 0)
            {
                return i;
            }
        }

        return _probabilities.Length - 1;
    }

    public double LogDensity(double coordinate) => Math.Log(_probabilities[(int)coordinate]);
}
