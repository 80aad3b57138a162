using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory of what the layers of a block compute with, if it is computed from their adapters (<c>ComputedLayer</c>), bytes: weights with
/// their updates, or factors. It does not depend on the shape of the pass.
/// </summary>
internal sealed class ComputedMemory
{
    private const double Single = sizeof(float);

    /// <summary>The memory of a block.</summary>
    public ComputedMemory(BlockDescription block, IReadOnlyDictionary<string, AdapterFootprint> adapters, bool half)
    {
        foreach (LinearShape linear in block.Linears)
        {
            if (adapters.TryGetValue(linear.Name, out AdapterFootprint? adapter))
            {
                Add(linear, adapter, half);
            }
        }
    }

    /// <summary>What the layers compute with for a whole window, without gradients.</summary>
    public double Window { get; private set; }

    /// <summary>While the block's forward pass is computed, or kept for all blocks while texts are generated.</summary>
    public double Forward { get; private set; }

    /// <summary>In addition, before the block's forward pass: what the largest layer's is computed from.</summary>
    public double Computing { get; private set; }

    /// <summary>
    /// While the block's backward pass is computed: with gradients. That of a weight update takes the place of what it is the gradient of.
    /// </summary>
    public double Backward { get; private set; }

    /// <summary>In addition, after the block's backward pass: the largest graph of a layer.</summary>
    public double PullBack { get; private set; }

    /// <summary>What a pass of the reference path, which computes updates whole, holds for a block until its backward pass.</summary>
    public double Reference { get; private set; }

    /// <summary>The memory of each block of the requested model.</summary>
    public static IEnumerable<ComputedMemory> Of(MemoryRequest request) =>
        request.Adapters.Select(adapters => new ComputedMemory(request.Config.Block, adapters, request.Half));

    private void Add(LinearShape linear, AdapterFootprint adapter, bool half)
    {
        double factors = Single * adapter.PassFactors;
        double delta = adapter.DeltaGraph == 0 ? 0 : (double)linear.Out * linear.In;
        double part = adapter.DeltaGraph == 0 ? 0
            : (double)WeightUpdate.RowsOfAPart(linear.Out, linear.In, adapter.DeltaMultiple) * linear.In;
        double weight = (half ? sizeof(short) : Single) * delta;
        Window += Single * adapter.WindowValues;
        Forward += weight + factors;
        Backward += weight + (2 * factors);
        Computing = Math.Max(Computing, Single * part * Math.Max(1, adapter.DeltaGraph - 2));
        // In half precision, the gradient of the part in fp32.
        PullBack = Math.Max(PullBack, (Single * part * (adapter.DeltaGraph + (half ? 1 : 0))) + (3 * factors));
        Reference += (Single * delta * Math.Max(1, adapter.DeltaGraph - 2)) + factors + (Single * adapter.WindowValues);
    }
}
