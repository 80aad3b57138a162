using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// What one block of the packed model keeps for the way back, and what it holds at most beside that, counted from
/// <c>Models/Packed/llama.torchscript</c>: a tensor lives from the line that makes it to its last use. A list of candidates follows the lines of
/// a function; the largest for a pass's shape is the peak.
/// </summary>
public sealed class BlockMemory
{
    private const double Single = sizeof(float);
    private readonly Dictionary<string, AdapterWorkspace> _transients;
    private readonly double _value;
    private readonly bool _half, _gpu, _onRows;
    private readonly double _width, _inner, _queries, _keys, _heads;

    /// <summary>A block of a model.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="adapters">Adapters of a block by the short name of their layer.</param>
    /// <param name="rank">r.</param>
    /// <param name="half">The frozen weights are bf16 or fp16.</param>
    /// <param name="gpu">On a GPU.</param>
    /// <param name="dropout">With dropout.</param>
    public BlockMemory(LlamaConfig config, IReadOnlyDictionary<string, AdapterFootprint> adapters, int rank, bool half, bool gpu, bool dropout)
    {
        (_half, _gpu, _value) = (half, gpu, half ? sizeof(short) : Single);
        _onRows = RowAttention.Takes(config, !gpu, half);
        (_width, _inner, _heads) = (config.HiddenSize, config.IntermediateSize, config.Heads);
        (_queries, _keys) = (config.Heads * config.HeadSize, config.KeyValueHeads * config.HeadSize);
        _transients = config.BlockLinears.ToDictionary(linear => linear.Name, linear => new AdapterWorkspace(linear, adapters.GetValueOrDefault(linear.Name), half, gpu, dropout));
        Masks = new(dropout ? Single * config.BlockLinears.Where(linear => adapters.ContainsKey(linear.Name)).Sum(linear => linear.In) : 0);
        Kept = new PassBytes(
            (_value * ((2 * _queries) + (2 * _keys) + (2 * _inner))) + (2 * Single * _width) + (Single * rank * adapters.Count),
            0) + LogNormaliser;
    }

    /// <summary>Kept until the way back: y, q, k, v, the attention's output, the middle of the block, gate, up, s·x·Aᵀ of each adapter, log-normalisers.</summary>
    public PassBytes Kept { get; }

    /// <summary>Dropout masks of a block, which are there while it is computed.</summary>
    public PassBytes Masks { get; }

    /// <summary>Candidates for the peak of <c>block</c>, beside its input and what earlier blocks keep.</summary>
    public IEnumerable<PassBytes> Forward
    {
        get
        {
            (double d, double f, double a, double c, double w) = (_width, _inner, _queries, _keys, _value);
            double norm = 2 * Single * d;
            double qkv = w * (a + (2 * c));
            PassBytes attended = new PassBytes(qkv + (w * a), 0) + LogNormaliser;
            PassBytes middle = attended + new PassBytes(Single * d);
            return
            [
                new(norm),
                new((w * d) + (w * a) + _transients["q_proj"].Forward),
                new((w * d) + (w * (a + c)) + _transients["k_proj"].Forward),
                new((w * d) + qkv + _transients["v_proj"].Forward),
                new(2 * qkv),
                new(qkv + Rotation(a + c)),
                // The rows of a band, its keys and values for every head, its output; the outputs of all bands.
                .. _onRows ? [] : new PassBytes[]
                {
                    new PassBytes(qkv, w * a, qkv + (2 * w * a)) + LogNormaliser + Scores,
                    new PassBytes(qkv + (w * a), 2 * w * a) + LogNormaliser,
                },
                attended + new PassBytes((w * d) + Math.Max(_transients["o_proj"].Forward, Residual)),
                middle + new PassBytes(norm),
                middle + new PassBytes((w * d) + (w * f) + _transients["gate_proj"].Forward),
                middle + new PassBytes((w * d) + (2 * w * f) + _transients["up_proj"].Forward),
                middle + new PassBytes((3 * w * f) + (w * d) + _transients["down_proj"].Forward),
                middle + new PassBytes((2 * w * f) + (w * d) + Residual),
            ];
        }
    }

    /// <summary>Candidates for the peak of <c>block_back</c>, beside the gradient that comes in and everything that is kept.</summary>
    public IEnumerable<PassBytes> Backward
    {
        get
        {
            (double d, double f, double a, double c, double w) = (_width, _inner, _queries, _keys, _value);
            double norm = 2 * Single * d;
            double narrowed = _half ? w * d : 0;
            double middle = Single * d;
            double qkv = w * (a + (2 * c));
            // unit, g·w, and their product; g in fp32 first where it is not.
            double normBack = (w * d) + (3 * Single * d);
            return
            [
                new((3 * w * f) + narrowed + _transients["down_proj"].Backward),
                new((2 * w * f) + norm),
                new((3 * w * f) + (w * d)),
                new((2 * w * f) + (2 * w * d) + _transients["gate_proj"].Backward),
                new((w * f) + (2 * w * d) + _transients["up_proj"].Backward),
                new(normBack),
                new(middle + narrowed + (w * a) + _transients["o_proj"].Backward),
                // Of a band the gradients of output, rows, queries, shared keys and values, and what they come from; those of the bands before.
                .. _onRows ? new PassBytes[] { new(middle + (w * a) + qkv) } :
                [
                    new PassBytes(middle + (w * a), qkv, (_gpu ? 6 : 7) * w * a) + ScoresBack,
                    new(middle + qkv, 2 * qkv),
                ],
                new(middle + qkv + Rotation(a + c)),
                new(middle + qkv + norm),
                new(middle + qkv + (2 * w * d) + _transients["q_proj"].Backward),
                new(middle + qkv + (2 * w * d) + _transients["k_proj"].Backward),
                new(middle + qkv + (2 * w * d) + _transients["v_proj"].Backward),
                new(middle + normBack),
            ];
        }
    }

    // One for each head of a row, or of a cell where attention needs cells.
    private PassBytes LogNormaliser => new(_onRows ? Single * _heads : 0, _onRows || _gpu ? 0 : Single * _heads);

    // Adding a bf16 branch to the fp32 stream: the sum, and on the CPU the branch in fp32.
    private double Residual => (Single * _width) + (_half && !_gpu ? Single * _width : 0);

    // Where attention is not fused: scores and probabilities of each head.
    private PassBytes Scores => new(0, 0, 0, _gpu ? 2 * Single * _heads : 0);

    private PassBytes ScoresBack => new(0, 0, 0, _gpu ? ((4 * Single) + _value) * _heads : 0);

    // Both halves of each head in fp32 and the four products that they are made of, two at a time.
    private static double Rotation(double width) => 2 * Single * width;
}
