using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Pruning;

/// <summary>The triplets of a layer: a row of A, a column of B and an entry of E each.</summary>
/// <param name="A">A, [rank, in].</param>
/// <param name="B">B, [out, rank].</param>
/// <param name="E">E, [rank, 1].</param>
/// <param name="Kept_R1">1 where the last pruning left the triplet, else 0.</param>
internal sealed record LayerTriplets(RatedTensor A, RatedTensor B, RatedTensor E, Tensor Kept_R1)
{
    /// <summary>The trained tensors.</summary>
    public IEnumerable<RatedTensor> All => [A, B, E];

    /// <summary>The triplets of an adapter that trains A, B and E, in this order; all of them are kept.</summary>
    public static LayerTriplets Of(Adapter adapter)
    {
        RatedTensor[] rated = [.. adapter.Trainable.Select(RatedTensor.Of)];
        return new(rated[0], rated[1], rated[2], ones_like(rated[2].Importance).DetachFromDisposeScope());
    }

    /// <summary>Score of each triplet: that of its E, plus the means over its row of A and its column of B, [rank].</summary>
    public Tensor Scores() => E.Score().flatten().Plus(A.Score().mean([1])).Plus(B.Score().mean([0]));

    /// <summary>Triplets with an effect. Waits for the device.</summary>
    public long Rank() => TensorReader.Floats(E.Value).LongCount(value => value != 0);

    /// <summary>Keeps the triplets that score above a threshold, and no others.</summary>
    /// <param name="score_R">Score of each triplet.</param>
    /// <param name="threshold">Highest score that is removed, [1].</param>
    /// <param name="skip">True [1] if nothing may change.</param>
    public void Prune(Tensor score_R, Tensor threshold, Tensor skip)
    {
        Tensor kept_R1 = score_R.gt(threshold).to(float32).unsqueeze(1);
        Kept_R1.copy_(where(skip, Kept_R1, kept_R1));
        Keep(skip);
    }

    /// <summary>Sets E of the pruned triplets to zero again, which an update may have changed.</summary>
    /// <param name="skip">True [1] if nothing may change.</param>
    public void Keep(Tensor skip) => E.Value.copy_(where(skip, E.Value, E.Value.mul(Kept_R1)));
}
