using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Saved activations and peak workspace of one block of the packed model, counted from <c>Models/Packed/llama.torchscript</c> and, with the
/// kernels of a GPU, also from <c>joined.torchscript</c>, whichever needs more. A tensor lives from the line that creates it to its last
/// use; each list of candidates follows the lines of a function; the largest for the shape of a pass is the peak.
/// </summary>
public sealed class BlockMemory
{
    private const double Single = sizeof(float);
    private readonly Dictionary<LinearRole, AdapterWorkspace> _workspaces;
    private readonly Dictionary<LinearRole, double> _scaled;
    private readonly double _value;
    private readonly bool _half, _gpu, _rowAttention;
    private readonly bool _fusedQkv, _fusedGateUp, _unfusedScores;
    private readonly HashSet<LinearGroup> _adapted;
    private readonly Dictionary<LinearGroup, double> _dropped;
    private readonly double _width, _inner, _queries, _keys, _heads, _lowRank, _plain, _normedHeads, _attentionOutput, _mlpOutput;

    /// <summary>A block of a model.</summary>
    /// <param name="block">What the block consists of.</param>
    /// <param name="adapters">Adapters of a block by the short name of their layer.</param>
    /// <param name="half">Whether the frozen weights are bf16 or fp16.</param>
    /// <param name="gpu">Whether the model runs on a GPU.</param>
    /// <param name="dropout">Whether there is dropout.</param>
    public BlockMemory(
        BlockDescription block, IReadOnlyDictionary<string, AdapterFootprint> adapters, bool half, bool gpu, bool dropout)
    {
        (_half, _gpu, _value) = (half, gpu, half ? sizeof(short) : Single);
        _rowAttention = RowAttention.Supports(block, !gpu, half);
        (_queries, _keys, _heads) = (block.QueryWidth, block.KeyWidth, block.Heads);
        (_width, _inner) = (block.Width, block.InnerWidth);
        _plain = block.Has(NormRole.Query) ? _value * (_queries + _keys) : 0;
        _normedHeads = block.Has(NormRole.Query) ? block.Heads + block.KeyValueHeads : 0;
        (_attentionOutput, _mlpOutput) =
            (block.Has(NormRole.AttentionOutput) ? _value * _width : 0, block.Has(NormRole.MlpOutput) ? _value * _width : 0);
        (_fusedQkv, _fusedGateUp) = (block.Has(LinearRole.QueryKeyValue), block.Has(LinearRole.GateUp));
        _unfusedScores = gpu || block.AttentionSoftCap is not null;
        Computed = new(block, adapters, half);
        _lowRank = adapters.Values.Sum(adapter => (double)adapter.Rank);
        _scaled = block.Linears.ToDictionary(
            linear => linear.Role, linear => adapters.GetValueOrDefault(linear.Name)?.ScalesOutput == true ? Single * linear.Out : 0);
        _workspaces = block.Linears.ToDictionary(linear => linear.Role, linear =>
            new AdapterWorkspace(linear, adapters.GetValueOrDefault(linear.Name), half, gpu, dropout));
        _adapted = [.. block.Linears.Where(linear => adapters.ContainsKey(linear.Name)).Select(linear => linear.Group).Distinct()];
        _dropped = block.Linears.Where(linear => dropout && adapters.ContainsKey(linear.Name)).GroupBy(linear => linear.Group)
            .ToDictionary(group => group.Key, group => Single * group.Sum(linear => linear.In));
        Masks = new(_dropped.Values.Sum());
        Saved = Enum.GetValues<SavedActivation>().Aggregate(default(PassBytes), (sum, activation) => sum + Bytes(activation));
    }

    /// <summary>What the layers compute with, if it is computed in each pass.</summary>
    internal ComputedMemory Computed { get; }

    /// <summary>Saved for the backward pass: every <see cref="SavedActivation"/>.</summary>
    public PassBytes Saved { get; }

    /// <summary>All that a block below the first adapter saves.</summary>
    public PassBytes Output => Bytes(SavedActivation.Output);

    /// <summary>Dropout masks of a block, which exist while it is computed.</summary>
    public PassBytes Masks { get; }

    /// <summary>Candidates for the peak of <c>block</c>, in addition to its input and the activations saved by earlier blocks.</summary>
    public IEnumerable<PassBytes> Forward
    {
        get
        {
            (double d, double f, double a, double c, double w) = (_width, _inner, _queries, _keys, _value);
            double norm = 2 * Single * d;
            double qkv = w * (a + (2 * c));
            // Outputs before they are scaled stay until the block ends.
            double projected = ScaledBefore(LinearRole.Output);
            PassBytes attended = new PassBytes(qkv + _plain + (w * a) + projected, 0) + LogSumExp;
            PassBytes middle = attended + new PassBytes((Single * d) + _attentionOutput + _scaled.GetValueOrDefault(LinearRole.Output));
            double gate = _scaled.GetValueOrDefault(LinearRole.Gate);
            double all = _scaled.Values.Sum();
            PassBytes mlp = middle + new PassBytes(all - ScaledBefore(LinearRole.GateUp));
            return
            [
                new(norm),
                .. _fusedQkv ? new PassBytes[] { new((w * d) + qkv + _workspaces[LinearRole.QueryKeyValue].Forward) } :
                [
                    new((w * d) + (w * a) + _workspaces[LinearRole.Query].Forward),
                    new((w * d) + (w * (a + c)) + ScaledBefore(LinearRole.Key) + _workspaces[LinearRole.Key].Forward),
                    new((w * d) + qkv + ScaledBefore(LinearRole.Value) + _workspaces[LinearRole.Value].Forward),
                    new((2 * qkv) + projected),
                ],
                new(qkv + _plain + projected + (_plain > 0 ? OfNorm(a) : 0)),
                new(qkv + _plain + projected + Rotation(a + c)),
                // The padded sequences of a bucket, keys and values repeated for every head, its output; then the outputs of all buckets.
                .. _rowAttention ? [] : new PassBytes[]
                {
                    new PassBytes(qkv + _plain + projected, w * a, qkv + (2 * w * a)) + LogSumExp + Scores,
                    new PassBytes(qkv + _plain + projected + (w * a), 2 * w * a) + LogSumExp,
                },
                attended + new PassBytes((w * d) + Math.Max(_workspaces[LinearRole.Output].Forward, Residual)),
                attended + new PassBytes((w * d) + (_attentionOutput > 0 ? OfNorm(d) + Residual : 0)),
                middle + new PassBytes(norm),
                .. _fusedGateUp
                    ? new PassBytes[] { middle + new PassBytes((w * d) + (2 * w * f) + _workspaces[LinearRole.GateUp].Forward) }
                    :
                    [
                        middle + new PassBytes((w * d) + (w * f) + _workspaces[LinearRole.Gate].Forward),
                        middle + new PassBytes((w * d) + (2 * w * f) + gate + _workspaces[LinearRole.Up].Forward),
                    ],
                mlp + new PassBytes((3 * w * f) + (w * d) - _scaled.GetValueOrDefault(LinearRole.Down)
                    + _workspaces[LinearRole.Down].Forward),
                mlp + new PassBytes((2 * w * f) + (w * d) + Residual),
                mlp + new PassBytes((2 * w * f) + (w * d) + (_mlpOutput > 0 ? OfNorm(d) + Residual : 0)),
                // They are concatenated.
                mlp + new PassBytes((2 * w * f) + (w * d) + all),
                .. _gpu ? JoinedForward : [],
            ];
        }
    }

    /// <summary>Candidates for the peak of <c>block_backward</c>, in addition to the incoming gradient and all saved activations.</summary>
    public IEnumerable<PassBytes> Backward
    {
        get
        {
            (double d, double f, double a, double c, double w) = (_width, _inner, _queries, _keys, _value);
            double norm = 2 * Single * d;
            double narrowed = _half ? w * d : 0;
            double middle = Single * d;
            double qkv = w * (a + (2 * c));
            // unit, g·w, and their product; g in fp32 first, unless it already is.
            double normBackward = (w * d) + (3 * Single * d);
            return
            [
                new(_mlpOutput > 0 ? normBackward : 0),
                new((3 * w * f) + narrowed + (_mlpOutput > 0 ? Single * d : 0) + _workspaces[LinearRole.Down].Backward),
                new((2 * w * f) + norm),
                new((3 * w * f) + (w * d)),
                .. _fusedGateUp
                    ? new PassBytes[]
                    {
                        new((4 * w * f) + (w * d)),
                        new((2 * w * f) + (2 * w * d) + _workspaces[LinearRole.GateUp].Backward),
                    }
                    :
                    [
                        new((2 * w * f) + (2 * w * d) + _workspaces[LinearRole.Gate].Backward),
                        new((w * f) + (2 * w * d) + _workspaces[LinearRole.Up].Backward),
                    ],
                new(normBackward),
                new(_attentionOutput > 0 ? middle + normBackward : 0),
                new(middle + narrowed + (w * a) + _workspaces[LinearRole.Output].Backward),
                // For a bucket: gradients of output, rows, queries and repeated keys and values, with their operands; gradients of earlier
                // buckets.
                .. _rowAttention ? new PassBytes[] { new(middle + (w * a) + qkv) } :
                [
                    new PassBytes(middle + (w * a), qkv, (_gpu ? 6 : 7) * w * a) + ScoresBackward,
                    new(middle + qkv, 2 * qkv),
                ],
                new(middle + qkv + Rotation(a + c)),
                new(middle + qkv + (_plain > 0 ? (w * a) + (3 * Single * a) : 0)),
                new(middle + qkv + norm),
                .. (_fusedQkv ? (LinearRole[])[LinearRole.QueryKeyValue] : [LinearRole.Query, LinearRole.Key, LinearRole.Value])
                    .Select(role => new PassBytes(middle + qkv + (2 * w * d) + _workspaces[role].Backward)),
                new(middle + normBackward),
                .. _gpu ? JoinedBackward : [],
            ];
        }
    }

    // joined_block. A norm in fp32 has its input and its result at a time; that of an adapted group is kept for the A's.
    private IEnumerable<PassBytes> JoinedForward
    {
        get
        {
            (double d, double f, double a, double c, double w) = (_width, _inner, _queries, _keys, _value);
            double qkv = w * (a + (2 * c));
            double attended = qkv + _plain + (w * a) + (Single * d);
            double activated = attended + (3 * w * f);
            return
            [
                new((2 * Single * d) + (_half ? w * d : 0)),
                new((Single * d) + Dropped(LinearGroup.QueryKeyValue)),
                new(Input(LinearGroup.QueryKeyValue) + qkv + Added(LinearGroup.QueryKeyValue, a)),
                new(qkv + _plain + (_plain > 0 ? OfNorm(a + c) : 0)),
                // Both halves swapped, and the products with the cosines in fp32.
                new(qkv + _plain + ((w + Single) * (a + c))),
                // Queries, keys and values of every head, in fp32 after the precision of the weights; scores and their softmax.
                new PassBytes(qkv + _plain, 3 * (w + (_half ? Single : 0)) * a),
                new PassBytes(qkv + _plain, 4 * Single * a, 0, 2 * Single * _heads),
                new PassBytes(qkv + _plain + (w * a), (Single + (_half ? w : 0)) * a),
                new(attended + (w * d) + Dropped(LinearGroup.Output) + (_half && _adapted.Contains(LinearGroup.Output) ? Single * a : 0)),
                new(attended + (Single * d) + Dropped(LinearGroup.GateUp)),
                new(attended + Input(LinearGroup.GateUp) + (2 * w * f) + Added(LinearGroup.GateUp, 2 * f)),
                new(activated + (w * d) + (Single * d) + Dropped(LinearGroup.Down)
                    + (_half && _adapted.Contains(LinearGroup.Down) ? Single * f : 0)),
            ];
        }
    }

    // joined_block_backward.
    private IEnumerable<PassBytes> JoinedBackward
    {
        get
        {
            (double d, double f, double a, double c, double w) = (_width, _inner, _queries, _keys, _value);
            double middle = Single * d;
            double wide = Single * (a + (2 * c));
            double narrowed = _half ? w * d : 0;
            double perHead = Single * a;
            return
            [
                new((w * f) + Dropped(LinearGroup.Down) + (_adapted.Contains(LinearGroup.Down) ? (_half ? 2 : 1) * Single * f : 0)),
                new((4 * w * f) + narrowed),
                new((2 * w * f) + narrowed + Dropped(LinearGroup.Down)),
                // The gradients of gate and up, in fp32 for their adapters; the norm's unit and its gained product.
                new((3 * w * f) + middle + Dropped(LinearGroup.GateUp)
                    + (_adapted.Contains(LinearGroup.GateUp) ? (_half ? 2 * Single * f : 0) + middle : 0)),
                new((3 * w * f) + (3 * middle) + narrowed + Dropped(LinearGroup.GateUp)),
                new((3 * w * f) + middle + narrowed + (w * a) + Dropped(LinearGroup.Output)
                    + (_adapted.Contains(LinearGroup.Output) ? Single * a : 0)),
                // In cells: the gradient of the output, queries, keys and values, four gradients or, before, two and four scores.
                new PassBytes((3 * w * f) + middle + (w * a), (_half ? w * a : 0) + (7 * perHead) + wide, 0, 3 * Single * _heads),
                new((3 * w * f) + middle + (w * a) + wide, wide),
                new((3 * w * f) + middle + wide + (2 * Single * (a + c))),
                new((3 * w * f) + middle + wide + (_plain > 0 ? 3 * Single * (a + c) : 0)),
                new((3 * w * f) + (5 * middle) + wide + (_half ? w * (a + (2 * c)) : 0) + narrowed + Dropped(LinearGroup.QueryKeyValue)),
            ];
        }
    }

    // One per head and row, or per head and cell if attention works on cells.
    private PassBytes LogSumExp => new(_rowAttention ? Single * _heads : 0, _rowAttention || _unfusedScores ? 0 : Single * _heads);

    // Adding a bf16 branch to the fp32 residual stream: the sum, and on the CPU the branch in fp32.
    private double Residual => (Single * _width) + (_half && !_gpu ? Single * _width : 0);

    // Unfused attention: operands in fp32, and scores and probabilities of each head.
    private PassBytes Scores => _unfusedScores ? new(0, _half ? 3 * Single * _queries : 0, 0, 2 * Single * _heads) : default;

    private PassBytes ScoresBackward => _unfusedScores ? new(0, _half ? 3 * Single * _queries : 0, 0, 4 * Single * _heads) : default;

    // What a group reads: in fp32 too, if it is adapted.
    private double Input(LinearGroup group) => (_value * _width) + (_adapted.Contains(group) || !_half ? Single * _width : 0);

    // The product of an adapter before it is added to outputs of half precision.
    private double Added(LinearGroup group, double width) => _half && _adapted.Contains(group) ? Single * width : 0;

    // The input of a group through the masks of its adapters, or its gradient.
    private double Dropped(LinearGroup group) => _dropped.GetValueOrDefault(group);

    private double ScaledBefore(LinearRole role) => _scaled.Where(pair => pair.Key < role).Sum(pair => pair.Value);

    private PassBytes Bytes(SavedActivation activation) => activation switch
    {
        SavedActivation.Output or SavedActivation.Middle => new(Single * _width),
        SavedActivation.Qkv => new(_value * (_queries + (2 * _keys))),
        SavedActivation.PlainQueryKey => new(_plain),
        SavedActivation.Attention => new(_value * _queries),
        // The kernels of a GPU need none, but the inverse root mean squares of two norms and of normed heads.
        SavedActivation.LogSumExp => _gpu ? new(Single * (2 + _normedHeads)) : LogSumExp,
        SavedActivation.AttentionOutput => new(_attentionOutput),
        SavedActivation.MlpOutput => new(_mlpOutput),
        SavedActivation.Gate or SavedActivation.Up => new(_value * _inner),
        SavedActivation.Branches => new((Single * _lowRank) + _scaled.Values.Sum()),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    // Two temporaries of a norm in fp32, and its input in fp32 if it is not.
    private double OfNorm(double width) => (_half ? 3 : 2) * Single * width;

    // Both halves of each head in fp32 and the four products they are computed from, two at a time.
    private static double Rotation(double width) => 2 * Single * width;
}
