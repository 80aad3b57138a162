using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Svd;

namespace LoraLab.Training.Adapters;

/// <summary>What every method is asked for, whatever its options.</summary>
/// <param name="Rank">r.</param>
/// <param name="Scaling">s.</param>
/// <param name="DropoutRate">Dropout on the branch's input.</param>
/// <param name="Seed">Seed of the initial values.</param>
public sealed record AdapterRequest(int Rank, double Scaling, double DropoutRate, long Seed)
{
    /// <summary>Where decompositions are kept; null: nowhere.</summary>
    public SvdCache? SvdCache { get; init; }

    /// <summary>The request of a specification: s = α/r, or α/√r when rank-stabilised (Kalajdzievski 2023).</summary>
    public static AdapterRequest From(RunSpec spec) =>
        new(spec.Rank, spec.Alpha / (spec.RankStabilized ? Math.Sqrt(spec.Rank) : spec.Rank), spec.Dropout, spec.Seed);
}
