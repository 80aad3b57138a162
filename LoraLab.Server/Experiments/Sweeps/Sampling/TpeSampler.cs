using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>
/// Tree-structured Parzen estimator. With y* the γ-quantile of the results so far, ℓ(x) is the density of points that are better than y*
/// and g(x) that of the others, each a product over the fields. The expected improvement at x grows with (γ + (1 − γ)·g(x)/ℓ(x))⁻¹, so
/// candidates are drawn from ℓ and the one with the largest ℓ(x)/g(x) is taken. Candidates are whole points: chosen field by field, a
/// value that was among the good ones by chance would hardly ever be left. Failed and running trials count as others, so that concurrent
/// lanes do not sample the same point.
/// Source: J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for hyper-parameter optimization", NeurIPS 2011, section 4
/// (γ = 0.15 and 24 candidates are theirs).
/// </summary>
internal static class TpeSampler
{
    private const double Gamma = 0.15;
    private const int MaxGood = 25;
    private const int Candidates = 24;
    private const int MaxRounds = 64;

    // Lower streams of the seed belong to the random draws.
    private const long FirstStream = 1L << 32;

    /// <summary>The next point, which depends on the seed and the observations only; null if no new point is found.</summary>
    /// <param name="space">The search space.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="startup">Number of random points before the first model-based one.</param>
    /// <param name="observed">All points so far, in order.</param>
    public static double[]? Next(SearchSpace space, long seed, int startup, IReadOnlyList<Observation> observed)
    {
        HashSet<string> taken = [.. observed.Select(observation => SearchSpace.KeyOf(observation.Point))];
        Observation[] ranked =
            [.. observed.Where(observation => observation.Score is not null).OrderByDescending(observation => observation.Score)];
        if (observed.Count < startup || ranked.Length < 2)
        {
            return RandomSampler.Next(space, seed, observed.Count, taken);
        }

        int good = Math.Min(MaxGood, Math.Max(1, (int)Math.Ceiling(Gamma * ranked.Length)));
        double[][] better = [.. ranked.Take(good).Select(observation => observation.Point)];
        double[][] others =
        [
            .. ranked.Skip(good).Concat(observed.Where(observation => observation.Score is null)).Select(observation => observation.Point),
        ];
        (IParzenEstimator Good, IParzenEstimator Other)[] fields =
            [.. space.Dimensions.Select((dimension, i) => (Estimator(dimension, better, i), Estimator(dimension, others, i)))];
        SeededRandom random = new(seed, FirstStream + observed.Count);
        for (int round = 0; round < MaxRounds; round++)
        {
            if (Best(space, fields, taken, random) is { } point)
            {
                return point;
            }
        }

        return RandomSampler.Next(space, seed, observed.Count, taken);
    }

    /// <summary>The best candidate; null if none is allowed and new.</summary>
    private static double[]? Best(
        SearchSpace space, (IParzenEstimator Good, IParzenEstimator Other)[] fields, HashSet<string> taken, SeededRandom random)
    {
        (double[]? best, double highest) = (null, double.NegativeInfinity);
        for (int i = 0; i < Candidates; i++)
        {
            double[] candidate = [.. fields.Select(field => field.Good.Draw(random))];
            double ratio =
                fields.Zip(candidate, (field, coordinate) => field.Good.LogDensity(coordinate) - field.Other.LogDensity(coordinate)).Sum();
            if (ratio > highest && space.Allows(candidate) && !taken.Contains(SearchSpace.KeyOf(candidate)))
            {
                (best, highest) = (candidate, ratio);
            }
        }

        return best;
    }

    private static IParzenEstimator Estimator(Dimension dimension, double[][] points, int index)
    {
        double[] values = [.. points.Select(point => point[index])];
        return dimension.IsChoice ? new ChoiceEstimator(dimension.Choices.Count, values) : new RangeEstimator(dimension, values);
    }
}
