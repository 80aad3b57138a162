using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Memory of all blocks of the packed model, which are the same but for their adapters.</summary>
public sealed class BlocksMemory
{
    private readonly IReadOnlyList<BlockMemory> _distinct, _distinctBackward;

    /// <summary>The blocks of a model.</summary>
    /// <param name="block">What a block consists of.</param>
    /// <param name="adapters">Adapters of each block by the short name of their layer; the same object for blocks with the same.</param>
    /// <param name="half">Whether the frozen weights are bf16 or fp16.</param>
    /// <param name="gpu">Whether the model runs on a GPU.</param>
    /// <param name="dropout">Whether there is dropout.</param>
    public BlocksMemory(
        BlockDescription block,
        IReadOnlyList<IReadOnlyDictionary<string, AdapterFootprint>> adapters,
        bool half,
        bool gpu,
        bool dropout)
    {
        Dictionary<object, BlockMemory> known = new(ReferenceEqualityComparer.Instance);
        BlockMemory[] blocks = [.. adapters.Select(Of)];
        int lowest = adapters.TakeWhile(ofBlock => ofBlock.Count == 0).Count();
        if (lowest == adapters.Count)
        {
            // Without any adapter, the kernels save all blocks.
            lowest = 0;
        }

        _distinct = [.. known.Values];
        _distinctBackward = [.. blocks.Skip(lowest).Distinct()];
        Window = blocks.Sum(ofBlock => ofBlock.Computed.Window);
        Below = blocks.Take(lowest).Aggregate(default(PassBytes), (sum, below) => sum + below.Output);
        Saved = blocks.Skip(lowest).Aggregate(Below, (sum, adapted) => sum + adapted.Saved);
        Outputs = blocks.Skip(lowest).Aggregate(Below, (sum, adapted) => sum + adapted.Output);

        BlockMemory Of(IReadOnlyDictionary<string, AdapterFootprint> of) =>
            known.TryGetValue(of, out BlockMemory? same) ? same : known[of] = new(block, of, half, gpu, dropout);
    }

    /// <summary>Saved by all blocks for the backward pass.</summary>
    public PassBytes Saved { get; }

    /// <summary>The outputs of all blocks, which are all that is saved where blocks are computed again.</summary>
    public PassBytes Outputs { get; }

    /// <summary>What layers of all blocks compute with for a whole window, without gradients.</summary>
    public double Window { get; }

    /// <summary>The part of it that is the output of blocks below the first adapter.</summary>
    public PassBytes Below { get; }

    /// <summary>Peak workspace of a block in the forward pass of a training step.</summary>
    public double Forward(PassShape pass) => _distinct.Max(block =>
        block.Computed.Forward + Math.Max(Peak(block.Forward, pass) + block.Masks.Of(pass), block.Computed.Computing));

    /// <summary>Peak workspace of a block in the backward pass.</summary>
    public double Backward(PassShape pass) => _distinctBackward.Max(block =>
        block.Computed.Backward + Math.Max(Peak(block.Backward, pass) + block.Masks.Of(pass), block.Computed.PullBack));

    /// <summary>The most that one block saves.</summary>
    public double LargestSaved(PassShape pass) => _distinctBackward.Max(block => block.Saved.Of(pass));

    /// <summary>Peak workspace of a block in an evaluation.</summary>
    public double Evaluation(PassShape pass) =>
        _distinct.Max(block => block.Computed.Forward + Math.Max(Peak(block.Forward, pass), block.Computed.Computing));

    private static double Peak(IEnumerable<PassBytes> candidates, PassShape pass) => candidates.Max(candidate => candidate.Of(pass));
}
