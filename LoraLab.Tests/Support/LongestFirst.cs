using LoraLab.Tests.EndToEnd;
using LoraLab.Tests.Server.Experiments.Studies;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Adapters;
using LoraLab.Tests.Training.Training;
using LoraLab.Tests.Training.Training.Resume;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace LoraLab.Tests.Support;

/// <summary>
/// Orders test collections by duration. A collection runs on one core, so a long one that starts late leaves the other cores idle:
/// the known long collections start first, in this order, and the short ones follow.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] _longest =
    [
        nameof(RealDashboard),
        nameof(ScriptedDashboard),
        nameof(PeftTrajectoryTests),
        nameof(FairStudyTests),
        nameof(GoldenFullLengthTests),
        nameof(GoldenTrajectoryTests),
        nameof(ResumeTests),
        nameof(MethodBatteryTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Rank(collection.TestCollectionDisplayName))
            .ThenBy(collection => collection.UniqueID, StringComparer.Ordinal)];

    private static int Rank(string name)
    {
        int index = Array.FindIndex(_longest, longest => name.Contains(longest, StringComparison.Ordinal));
        return index < 0 ? _longest.Length : index;
    }
}
