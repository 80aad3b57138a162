using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters;

/// <summary>The scaling s of an adapter's update: α/r, or α/√r if rank-stabilized (Kalajdzievski 2023).</summary>
public static class AdapterScaling
{
    /// <summary>The rule in the notation of method descriptors.</summary>
    public const string Formula = "s = α/r (α/√r with rankStabilized)";

    /// <summary>The scaling of a layer.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="module">Full name of the layer, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public static double Of(RunSpec spec, string module) =>
        Of(LayerSettings.Alpha(spec, module), LayerSettings.Rank(spec, module), spec.RankStabilized);

    /// <summary>The scaling.</summary>
    /// <param name="alpha">α.</param>
    /// <param name="rank">r.</param>
    /// <param name="rankStabilized">Whether it is rank-stabilized.</param>
    public static double Of(double alpha, int rank, bool rankStabilized) => alpha / Divisor(rank, rankStabilized);

    /// <summary>The α of an adapter whose rank grows by a factor while its scaling stays the same.</summary>
    public static double AlphaAtRank(double alpha, int growth, bool rankStabilized) => alpha * Divisor(growth, rankStabilized);

    /// <summary>The α at which an adapter of a rank has a scaling.</summary>
    public static double AlphaAt(double scaling, int rank, bool rankStabilized) => scaling * Divisor(rank, rankStabilized);

    private static double Divisor(int rank, bool rankStabilized) => rankStabilized ? Math.Sqrt(rank) : rank;
}
