using LoraLab.Tests.EndToEnd;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Training;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace LoraLab.Tests.Support;

/// <summary>
/// A collection runs on one core from its first test to its last, so that a long one that comes late leaves the other cores idle: the long ones begin,
/// those that are known as such in this order, and the many short ones fill up.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] _longest =
    [
        nameof(RealDashboard),
        nameof(ScriptedDashboard),
        nameof(GoldenFullLengthTests),
        nameof(GoldenTrajectoryTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Place(collection.TestCollectionDisplayName)).ThenBy(collection => collection.UniqueID, StringComparer.Ordinal)];

    private static int Place(string name)
    {
        int place = Array.FindIndex(_longest, longest => name.Contains(longest, StringComparison.Ordinal));
        return place < 0 ? _longest.Length : place;
    }
}
