using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>The factors of adapters that have them.</summary>
internal static class LowRankAccess
{
    /// <summary>The adapter as one with factors of its own.</summary>
    public static LowRankAdapter LowRank(this Adapter? adapter) => Assert.IsType<LowRankAdapter>(adapter);
}
