using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>Independent draws within the constraints, without duplicates. Draw i depends on the seed, i and the draws before it.</summary>
internal static class RandomSampler
{
    private const int MaxTries = 5000;

    /// <summary>The first points; fewer if no further distinct ones are found.</summary>
    public static IReadOnlyList<double[]> Draw(SearchSpace space, long seed, int count)
    {
        HashSet<string> taken = [];
        List<double[]> points = [];
        while (points.Count < count && Next(space, seed, points.Count, taken) is { } point)
        {
            points.Add(point);
            taken.Add(SearchSpace.KeyOf(point));
        }

        return points;
    }

    /// <summary>Draw number <paramref name="index"/>; null if none of <see cref="MaxTries"/> tries is allowed and new.</summary>
    public static double[]? Next(SearchSpace space, long seed, int index, IReadOnlySet<string> taken)
    {
        SeededRandom random = new(seed, index);
        for (int i = 0; i < MaxTries; i++)
        {
            double[] point = [.. space.Dimensions.Select(dimension => Draw(dimension, random))];
            if (space.Allows(point) && !taken.Contains(SearchSpace.KeyOf(point)))
            {
                return point;
            }
        }

        return null;
    }

    private static double Draw(Dimension dimension, SeededRandom random) => dimension.Range switch
    {
        SweepRange.Choice => random.Next(dimension.Choices.Count),
        SweepRange.Integer => dimension.Normalize(Math.Floor(dimension.Low + (random.Next() * (dimension.High - dimension.Low + 1)))),
        _ => dimension.At(random.Next()),
    };
}
