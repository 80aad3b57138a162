using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory of what the layers of a block compute with, if it is computed from their adapters in each pass (<c>ComputedLayer</c>), bytes:
/// weights with their updates, or factors. It does not depend on the shape of the pass.
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

    /// <summary>While the block's forward pass is computed, or kept for all blocks while texts are generated.</summary>
    public double Forward { get; private set; }

    /// <summary>In addition, before the block's forward pass: what the largest layer's is computed from.</summary>
    public double Computing { get; private set; }

    /// <summary>
    /// While the block's backward pass is computed: with gradients. In single precision, that of a weight update takes the place of the
    /// weight.
    /// </summary>
    public double Backward { get; private set; }

    /// <summary>In addition, after the block's backward pass: the largest graph of a layer.</summary>
    public double PullBack { get; private set; }

    /// <summary>What a pass of the reference path holds for a block until its backward pass.</summary>
    public double Reference { get; private set; }

    /// <summary>The memory of each block of the requested model.</summary>
    public static IEnumerable<ComputedMemory> Of(MemoryRequest request) =>
        request.Adapters.Select(adapters => new ComputedMemory(request.Config.Block, adapters, request.Half));

    private void Add(LinearShape linear, AdapterFootprint adapter, bool half)
    {
        double factors = Single * adapter.PassFactors;
        double delta = adapter.DeltaGraph == 0 ? 0 : (double)linear.Out * linear.In;
        double weight = (half ? sizeof(short) : Single) * delta;
        Forward += weight + factors;
        Backward += weight + (half ? Single * delta : 0) + (2 * factors);
        Computing = Math.Max(Computing, Single * delta * Math.Max(half ? 1 : 0, adapter.DeltaGraph - 3));
        PullBack = Math.Max(PullBack, (Single * delta * adapter.DeltaGraph) + (3 * factors));
        Reference += (Single * delta * Math.Max(1, adapter.DeltaGraph - 2)) + factors;
    }
}
