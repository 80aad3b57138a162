namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>All combinations of a grid; the last field changes fastest.</summary>
internal static class GridPoints
{
    /// <summary>Maximum number of combinations; a larger space is rejected before the constraints are evaluated.</summary>
    public const int Max = 100_000;

    /// <summary>Number of combinations without the constraints.</summary>
    public static double Count(SearchSpace space) =>
        space.Dimensions.Aggregate(1.0, (count, dimension) => count * dimension.GridValues().Count);

    /// <summary>The combinations that the constraints allow, of at most <see cref="Max"/> in total.</summary>
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
