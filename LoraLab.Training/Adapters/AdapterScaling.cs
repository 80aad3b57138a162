using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters;

/// <summary>The scaling s of an adapter's update: α/r, or α/√r if rank-stabilized (Kalajdzievski 2023).</summary>
public static class AdapterScaling
{
    /// <summary>The rule in the notation of method descriptors.</summary>
    public const string Formula = "s = α/r (α/√r with rankStabilized)";

    /// <summary>The scaling of a specification.</summary>
    public static double Of(RunSpec spec) => Of(spec.Alpha, spec.Rank, spec.RankStabilized);

    /// <summary>The scaling.</summary>
    /// <param name="alpha">α.</param>
    /// <param name="rank">r.</param>
    /// <param name="rankStabilized">Whether it is rank-stabilized.</param>
    public static double Of(double alpha, int rank, bool rankStabilized) => alpha / Divisor(rank, rankStabilized);

    /// <summary>The α of an adapter whose rank grows by a factor while its scaling stays that of the specification.</summary>
    public static double AlphaAtRank(RunSpec spec, int growth) => spec.Alpha * Divisor(growth, spec.RankStabilized);

    private static double Divisor(int rank, bool rankStabilized) => rankStabilized ? Math.Sqrt(rank) : rank;
}
