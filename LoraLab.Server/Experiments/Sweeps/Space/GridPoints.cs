namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>Every combination of a grid, the last field fastest.</summary>
internal static class GridPoints
{
    /// <summary>Combinations that are looked at: beyond, a space is refused before the constraints are asked.</summary>
    public const int Most = 100_000;

    /// <summary>Combinations without the constraints.</summary>
    public static double Count(SearchSpace space) => space.Dimensions.Aggregate(1.0, (count, dimension) => count * dimension.GridValues().Count);

    /// <summary>The combinations that the constraints allow; there must be no more than <see cref="Most"/> in all.</summary>
    public static IEnumerable<double[]> Of(SearchSpace space)
    {
        IReadOnlyList<double>[] values = [.. space.Dimensions.Select(dimension => dimension.GridValues())];
        int[] index = new int[values.Length];
        while (true)
        {
            double[] point = [.. index.Select((at, i) => values[i][at])];
            if (space.Allows(point))
            {
                yield return point;
            }

            int last = index.Length - 1;
            while (last >= 0 && ++index[last] == values[last].Count)
            {
                index[last--] = 0;
            }

            if (last < 0)
            {
                yield break;
            }
        }
    }
}
