using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Svd;

namespace LoraLab.Training.Adapters;

/// <summary>Parameters of an adapter that are common to all methods.</summary>
/// <param name="Rank">r.</param>
/// <param name="Scaling">s.</param>
/// <param name="DropoutRate">Dropout probability on the branch's input.</param>
/// <param name="Seed">Seed of the initial values.</param>
public sealed record AdapterRequest(int Rank, double Scaling, double DropoutRate, long Seed)
{
    /// <summary>Cache of decompositions; null: none.</summary>
    public SvdCache? SvdCache { get; init; }

    /// <summary>The request of a specification.</summary>
    public static AdapterRequest From(RunSpec spec) => new(spec.Rank, AdapterScaling.Of(spec), spec.Dropout, spec.Seed);
}
