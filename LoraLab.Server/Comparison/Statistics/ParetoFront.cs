namespace LoraLab.Server.Comparison.Statistics;

/// <summary>The results that no other result beats in both cost and value.</summary>
internal static class ParetoFront
{
    /// <summary>
    /// The items for which no other costs no more and is worth no less, with one of them strictly; cheapest first. Equal ones stay
    /// together.
    /// </summary>
    /// <param name="items">The items.</param>
    /// <param name="cost">What is better lower.</param>
    /// <param name="value">What is better higher.</param>
    public static IReadOnlyList<T> Of<T>(IReadOnlyCollection<T> items, Func<T, double> cost, Func<T, double> value) =>
    [
        .. items.Where(item => !items.Any(other => cost(other) <= cost(item) && value(other) >= value(item)
                && (cost(other) < cost(item) || value(other) > value(item))))
            .OrderBy(cost).ThenBy(value),
    ];
}
