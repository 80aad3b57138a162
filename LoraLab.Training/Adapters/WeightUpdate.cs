using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// ΔW of a layer, [out, in], as a function of its rows: it is as large as the weight, and what it is computed from, with the graph for its
/// gradient, several times as large, so that only a part of it is computed at a time.
/// </summary>
/// <param name="Rows">
/// Returns a number of rows from the first given, [rows, in], as a differentiable expression of the adapter's tensors and nothing else that
/// is computed: each call makes a graph of its own. The current dispose scope owns the result.
/// </param>
public sealed record WeightUpdate(Func<long, long, Tensor> Rows)
{
    /// <summary>Values of a part: small enough for caches, large enough that the calls are no overhead.</summary>
    private const long PartValues = 1 << 20;

    /// <summary>A divisor of out, of which first row and number of rows of a part are multiples.</summary>
    public long Multiple { get; init; } = 1;

    /// <summary>The update that a tensor is, [out, in].</summary>
    public static WeightUpdate Of(Tensor delta_OI) => new((first, rows) => delta_OI.narrow(0, first, rows));

    /// <summary>Number of rows of a part of an update.</summary>
    /// <param name="height">Output width of the layer.</param>
    /// <param name="width">Its input width.</param>
    /// <param name="multiple">See <see cref="Multiple"/>.</param>
    public static long RowsOfAPart(long height, long width, long multiple) =>
        Math.Min(height, Math.Max(1, PartValues / (width * multiple)) * multiple);

    /// <summary>First row and number of rows of each part.</summary>
    public IEnumerable<(long First, long Count)> Parts(LinearLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        long rows = RowsOfAPart(layer.Out, layer.In, Multiple);
        for (long first = 0; first < layer.Out; first += rows)
        {
            yield return (first, Math.Min(rows, layer.Out - first));
        }
    }

    /// <summary>
    /// What the layer computes with, without a graph: the weight with the update; of a weight in half precision the update alone, rounded,
    /// because added to such a weight a small update would be rounded away. A new tensor of the weight's shape and precision, which the
    /// current dispose scope owns.
    /// </summary>
    public Tensor OnWeight(LinearLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        using IDisposable noGrad = no_grad();
        Tensor weight_OI = layer.Weight_OI;
        Tensor result_OI = empty_like(weight_OI);
        foreach ((long first, long count) in Parts(layer))
        {
            using IDisposable scope = NewDisposeScope();
            Tensor part_OI = result_OI.narrow(0, first, count).copy_(Rows(first, count));
            if (!IsAlone(layer))
            {
                part_OI.PlusInPlace(weight_OI.narrow(0, first, count));
            }
        }

        return result_OI;
    }

    /// <summary>Adds the gradients of the adapter's tensors, given that of the update, [out, in].</summary>
    public void Backward(LinearLayer layer, Tensor gradient_OI)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(gradient_OI);
        foreach ((long first, long count) in Parts(layer))
        {
            using IDisposable scope = NewDisposeScope();
            using IDisposable mode = enable_grad();
            Tensor part_OI = Rows(first, count);
            autograd.backward([part_OI], [gradient_OI.narrow(0, first, count).to(part_OI.dtype)]);
        }
    }

    /// <summary>Whether a layer computes with the update beside its weight, not with their sum.</summary>
    public static bool IsAlone(LinearLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return layer.Dtype is ScalarType.BFloat16 or ScalarType.Float16;
    }
}
