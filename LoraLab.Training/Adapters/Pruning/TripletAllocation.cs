using LoraLab.Contracts.Metrics;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Pruning;

/// <summary>Keeps A and B orthogonal, rates the triplets of all layers, and prunes the least important ones (AdaLoRA).</summary>
public sealed class TripletAllocation : StepHooks
{
    private readonly TripletPruning _pruning;
    private readonly long _start, _target;
    private readonly List<LayerTriplets> _layers;

    /// <summary>Creates the allocation of a run.</summary>
    /// <param name="pruning">Schedule and weights.</param>
    /// <param name="adapters">Adapters that train A [rank, in], B [out, rank] and E [rank, 1], in this order.</param>
    public TripletAllocation(TripletPruning pruning, IReadOnlyList<Adapter> adapters)
    {
        _pruning = pruning;
        _layers = [.. adapters.Select(LayerTriplets.Of)];
        (_start, _target) = (_layers.Sum(layer => layer.E.Value.numel()), (long)pruning.TargetRank * adapters.Count);
    }

    /// <inheritdoc />
    public override IEnumerable<KeyValuePair<string, Tensor>> State => _layers.SelectMany(layer =>
        layer.All.SelectMany(rated => (KeyValuePair<string, Tensor>[])
        [
            new(rated.Name + ".importance", rated.Importance), new(rated.Name + ".uncertainty", rated.Uncertainty),
        ]).Append(new(layer.E.Name + ".kept", layer.Kept_R1)));

    /// <inheritdoc />
    public override void AddGradients(double lossScale)
    {
        double weight = lossScale * _pruning.OrthogonalWeight / (2 * _layers.Count);
        foreach (LayerTriplets layer in _layers)
        {
            // The gradient of ‖A·Aᵀ − I‖ is 2·(A·Aᵀ − I)·A / ‖A·Aᵀ − I‖.
            (Tensor a_RI, Tensor b_OR) = (layer.A.Value, layer.B.Value);
            a_RI.grad!.PlusInPlace(Direction(a_RI.mm(a_RI.t())).Times(2 * weight).mm(a_RI));
            b_OR.grad!.PlusInPlace(b_OR.mm(Direction(b_OR.t().mm(b_OR)).Times(2 * weight)));
        }
    }

    /// <inheritdoc />
    public override void AfterUpdate(int step, Tensor gradientFactor, Tensor skipped)
    {
        int t = step - 1;
        Tensor skip = skipped.to(@bool);
        if (t < _pruning.LastStep)
        {
            foreach (RatedTensor rated in _layers.SelectMany(layer => layer.All))
            {
                rated.Update(_pruning, gradientFactor, skip);
            }
        }

        if (_pruning.PrunesAt(t))
        {
            Prune(_pruning.Budget(t, _start, _target), skip);
        }
        else if (t > _pruning.LastStep)
        {
            _layers.ForEach(layer => layer.Keep(skip));
        }
    }

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, double> Metrics()
    {
        double mean = _layers.Average(layer => layer.Rank());
        // Before the first step, every E is zero.
        return mean == 0 ? base.Metrics() : new Dictionary<string, double> { [MetricKeys.AdapterRank] = mean };
    }

    /// <inheritdoc />
    public override string? Describe()
    {
        (string Layer, long Rank)[] ranks = [.. _layers.Select(layer => (layer.E.Name.Split('.')[^2], layer.Rank()))];
        IEnumerable<string> byLayer = ranks.GroupBy(pair => pair.Layer, (layer, pairs) =>
            $"{layer} {string.Join(' ', pairs.Select(pair => pair.Rank))}");
        long left = ranks.Sum(pair => pair.Rank);
        // Before the first step, every E is zero.
        return left == 0 ? null : $"{left} of {_start} triplets: {string.Join("; ", byLayer)}";
    }

    // (C − I) / ‖C − I‖; 0 where C = I.
    private static Tensor Direction(Tensor gram_RR)
    {
        gram_RR.diagonal().PlusInPlace(-1);
        return gram_RR.div(gram_RR.mul(gram_RR).sum().sqrt().PlusInPlace(1e-30));
    }

    // Removes as many triplets as exceed the budget, and with them those of the same score as the last of them.
    private void Prune(long budget, Tensor skip)
    {
        if (budget >= _start)
        {
            return;
        }

        Tensor[] scores = [.. _layers.Select(layer => layer.Scores())];
        (Tensor threshold, _) = cat(scores).kthvalue(_start - budget, 0);
        foreach ((LayerTriplets layer, Tensor score_R) in _layers.Zip(scores))
        {
            layer.Prune(score_R, threshold, skip);
        }
    }
}
