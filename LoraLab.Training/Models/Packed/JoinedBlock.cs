using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// The arguments of a block for the kernels of <c>joined.torchscript</c>: the weights of layers that read the same tensor as one matrix,
/// and the factors of their adapters side by side. It owns its views; the weights become views of the joined ones.
/// </summary>
internal sealed class JoinedBlock : IDisposable
{
    private const int PlacesOfGroup = 3;
    private static readonly int _groups = Enum.GetValues<LinearGroup>().Length;
    private readonly List<Tensor> _owned = [];
    private readonly Tensor _empty;

    private JoinedBlock(LlamaBlock block, Tensor empty, DenseMemory? memory)
    {
        _empty = empty;
        IEnumerable<Tensor> quantized = memory is null ? [] : Quantized(block, empty).Concat(memory.Tensors);
        Weights = [.. Enumerable.Repeat(empty, _groups), .. quantized];
        foreach (Tensor[] list in (Tensor[][])[Biases, A, AGradients, B, BGradients])
        {
            Array.Fill(list, empty);
        }

        Gains = [Gain(block, NormRole.Attention), Gain(block, NormRole.Mlp), HeadGains(block) is Tensor heads ? Own(heads) : empty];
    }

    /// <summary>The layers with an adapter by <see cref="LinearGroup"/>, in the order of <see cref="A"/>.</summary>
    public IReadOnlyList<LinearLayer>[] Adapted { get; } = [.. Enumerable.Repeat<IReadOnlyList<LinearLayer>>([], _groups)];

    /// <summary>
    /// Weights by <see cref="LinearGroup"/>, and for those in four bits the parts of each layer, three places for each group, and the
    /// memory for their numbers.
    /// </summary>
    public Tensor[] Weights { get; }

    /// <summary>Biases by <see cref="LinearGroup"/>; an absent one is an empty tensor.</summary>
    public Tensor[] Biases { get; } = new Tensor[_groups];

    /// <summary>
    /// Gains of the norms before attention and before the MLP, and of each head of queries and keys, [N + K, H]; without their norm, an
    /// empty tensor.
    /// </summary>
    public Tensor[] Gains { get; }

    /// <summary>A's by <see cref="LinearGroup"/>, [Σr, in].</summary>
    public Tensor[] A { get; } = new Tensor[_groups];

    /// <summary>Gradients of <see cref="A"/>; empty where they are frozen.</summary>
    public Tensor[] AGradients { get; } = new Tensor[_groups];

    /// <summary>B's, three places for each group, [n, out, r] for n layers.</summary>
    public Tensor[] B { get; } = new Tensor[_groups * PlacesOfGroup];

    /// <summary>Gradients of <see cref="B"/>.</summary>
    public Tensor[] BGradients { get; } = new Tensor[_groups * PlacesOfGroup];

    /// <summary>s of all adapters.</summary>
    public double Scale { get; private set; } = 1;

    /// <summary>
    /// Whether the kernels can compute a block: no norms of outputs, frozen weights, no soft cap, and adapters of one scaling that are B·A
    /// alone. With dropout, those that read the same tensor have one rank and one rate.
    /// </summary>
    public static bool Supports(LlamaBlock block, bool trainsWeights) =>
        !trainsWeights
        && block.Description.AttentionSoftCap is null
        && !block.Description.Has(NormRole.AttentionOutput)
        && !block.Description.Has(NormRole.MlpOutput)
        && block.Linears.All(linear => linear.Adapter is null || IsPlain(linear))
        && block.Linears.Select(linear => linear.Adapter?.Scaling).OfType<double>().Distinct().Count() <= 1
        && ByGroup(block).All(group => DropsAlike([.. group.Select(linear => linear.Adapter).OfType<LowRankAdapter>()]));

    /// <summary>The arguments of a block; null: its factors do not lie side by side (<see cref="JoinedOrder"/>).</summary>
    /// <param name="block">A block that is supported.</param>
    /// <param name="empty">Stands for a part that the block does not have.</param>
    /// <param name="memory">Memory for the numbers of weights in four bits; null: there are none.</param>
    public static JoinedBlock? TryCreate(LlamaBlock block, Tensor empty, DenseMemory? memory)
    {
        JoinedBlock joined = new(block, empty, memory);
        bool complete = true;
        foreach (IGrouping<LinearGroup, LinearLayer> group in ByGroup(block))
        {
            complete = complete && joined.Add(group.Key, [.. group]);
        }

        if (!complete)
        {
            joined.Dispose();
            return null;
        }

        return joined;
    }

    /// <inheritdoc />
    public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    private static bool IsPlain(LinearLayer linear) =>
        linear.Adapter is LowRankAdapter { R_RR: null } adapter
        && adapter.Compute(linear) is { ExtractedA_RI: null, OutputScale_O: null, WeightUpdate: null, BiasDelta_O: null };

    private static bool DropsAlike(LowRankAdapter[] adapters) => Array.TrueForAll(adapters, adapter => adapter.DropoutRate == 0)
        || adapters.Select(adapter => (adapter.Rank, adapter.DropoutRate)).Distinct().Count() <= 1;

    private static IEnumerable<IGrouping<LinearGroup, LinearLayer>> ByGroup(LlamaBlock block) =>
        block.Description.Linears.Zip(block.Linears).GroupBy(pair => pair.First.Group, pair => pair.Second);

    private static Tensor Gain(LlamaBlock block, NormRole role) => block.Norms[block.Description.IndexOf(role)].Gain_D;

    private static Tensor? HeadGains(LlamaBlock block)
    {
        using IDisposable noGrad = no_grad();
        return !block.Description.Has(NormRole.Query) ? null : cat(
            [
                Gain(block, NormRole.Query).expand(block.Description.Heads, -1),
                Gain(block, NormRole.Key).expand(block.Description.KeyValueHeads, -1),
            ],
            dim: 0);
    }

    private static IEnumerable<Tensor> Quantized(LlamaBlock block, Tensor empty)
    {
        int parts = Enum.GetValues<QuantizedPart>().Length;
        Tensor[] all = [.. Enumerable.Repeat(empty, _groups * PlacesOfGroup * parts)];
        foreach (IGrouping<LinearGroup, LinearLayer> group in ByGroup(block))
        {
            int place = (int)group.Key * PlacesOfGroup;
            foreach (LinearLayer linear in group)
            {
                linear.Quantized?.Parts.ToArray().CopyTo(all, parts * place++);
            }
        }

        return all;
    }

    private bool Add(LinearGroup group, LinearLayer[] linears)
    {
        Weights[(int)group] = linears[0].Quantized is QuantizedWeight first
            ? first.Codes
            : Own(JoinedTensors.Join([.. linears.Select(linear => linear.Weight_OI)]));
        if (linears[0].Bias_O is not null)
        {
            Biases[(int)group] = Own(JoinedTensors.Join([.. linears.Select(linear => linear.Bias_O!)]));
        }

        LowRankAdapter[] adapters = [.. linears.Select(linear => linear.Adapter).OfType<LowRankAdapter>()];
        if (adapters.Length == 0)
        {
            return true;
        }

        Adapted[(int)group] = [.. linears.Where(linear => linear.Adapter is not null)];
        Scale = adapters[0].Scaling;
        Tensor[] inner = [.. adapters.Select(adapter => adapter.A_RI)];
        if (Array.TrueForAll(inner, a_RI => !a_RI.requires_grad))
        {
            A[(int)group] = Own(JoinedTensors.Join(inner));
        }
        else if (!Place(A, AGradients, (int)group, inner))
        {
            return false;
        }

        int place = (int)group * PlacesOfGroup;
        for (int i = 0; i < linears.Length;)
        {
            // As many neighbors of the same shape as lie side by side.
            int count = linears.Length - i;
            while (count > 1 && !PlaceSame(place, linears[i..(i + count)]))
            {
                count--;
            }

            if (count == 1)
            {
                PlaceOne(place, linears[i]);
            }

            (i, place) = (i + count, place + 1);
        }

        return true;
    }

    private bool PlaceSame(int place, LinearLayer[] linears)
    {
        Tensor[] factors = [.. linears.Select(linear => linear.Adapter).OfType<LowRankAdapter>().Select(adapter => adapter.B_OR)];
        if (factors.Length < linears.Length || factors.Any(factor => !factor.shape.SequenceEqual(factors[0].shape)))
        {
            return false;
        }

        if (!Place(B, BGradients, place, factors))
        {
            return false;
        }

        Batch(place, factors.Length, factors[0].shape);
        return true;
    }

    private void PlaceOne(int place, LinearLayer linear)
    {
        if (linear.Adapter is not LowRankAdapter adapter)
        {
            B[place] = Own(empty(1, linear.Out, 0, device: linear.Device));
            return;
        }

        _ = Place(B, BGradients, place, [adapter.B_OR]);
        Batch(place, 1, adapter.B_OR.shape);
    }

    private void Batch(int place, long count, long[] shape)
    {
        B[place] = Own(B[place].view(count, shape[0], shape[1]));
        if (BGradients[place].numel() > 0)
        {
            BGradients[place] = Own(BGradients[place].view(count, shape[0], shape[1]));
        }
    }

    private bool Place(Tensor[] values, Tensor[] gradients, int place, Tensor[] factors)
    {
        using IDisposable noGrad = no_grad();
        Tensor? value = JoinedTensors.Find(factors);
        if (value is null)
        {
            return false;
        }

        values[place] = Own(value);
        Tensor?[] all = [.. factors.Select(factor => factor.grad)];
        Tensor? gradient = null;
        if (Array.TrueForAll(all, one => one is not null))
        {
            gradient = JoinedTensors.Find([.. all.Select(one => one!)]);
            gradients[place] = gradient is null ? _empty : Own(gradient);
        }

        bool complete = gradient is not null || Array.TrueForAll(all, one => one is null);
        foreach (Tensor? one in all)
        {
            one?.Dispose();
        }

        return complete;
    }

    private Tensor Own(Tensor tensor)
    {
        _owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
