using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Blocks;

/// <summary>
/// The parts of a transformer block with their names and widths. Both executions of a block (<see cref="LlamaBlock"/> under autograd and
/// <see cref="Packed.PackedLlama"/> with kernels), its checkpoint names, FLOPs and memory are derived from it.
/// </summary>
public sealed record BlockDescription
{
    /// <summary>The norms, in the order of the checkpoint.</summary>
    public required IReadOnlyList<BlockNorm> Norms { get; init; }

    /// <summary>The linear layers, in the order of the checkpoint.</summary>
    public required IReadOnlyList<BlockLinear> Linears { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key-value heads, each of which serves a group of neighboring query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Activation function of the gate.</summary>
    public GateActivation Activation { get; init; }

    /// <summary>Factor of the attention scores; null: 1/√H.</summary>
    public double? AttentionScale { get; init; }

    /// <summary>c of c·tanh(s/c), which limits the attention scores s; null: they are not limited.</summary>
    public double? AttentionSoftCap { get; init; }

    /// <summary>Number added to every gain of a norm: 1 where the checkpoint stores the difference to 1.</summary>
    public double GainOffset { get; init; }

    /// <summary>Width of all queries, N·H.</summary>
    public int QueryWidth => Heads * HeadSize;

    /// <summary>Width of all keys, K·H, and of all values.</summary>
    public int KeyWidth => KeyValueHeads * HeadSize;

    /// <summary>Width D of the residual stream.</summary>
    public int Width => Linear(LinearRole.Down).Out;

    /// <summary>Inner width F of the MLP.</summary>
    public int InnerWidth => Linear(LinearRole.Down).In;

    /// <summary>Whether the block has a norm with a role.</summary>
    public bool Has(NormRole role) => Norms.Any(norm => norm.Role == role);

    /// <summary>Whether the block has a linear layer with a role.</summary>
    public bool Has(LinearRole role) => Linears.Any(linear => linear.Role == role);

    /// <summary>The linear layer with a role.</summary>
    public BlockLinear Linear(LinearRole role) => Linears[IndexOf(role)];

    /// <summary>Index of the linear layer with a role.</summary>
    public int IndexOf(LinearRole role) => Index(Linears, linear => linear.Role == role, role);

    /// <summary>Index of the norm with a role.</summary>
    public int IndexOf(NormRole role) => Index(Norms, norm => norm.Role == role, role);

    /// <summary>The lowest group with a linear layer that fulfills a condition; null: none does.</summary>
    public LinearGroup? Lowest(Func<BlockLinear, bool> condition) =>
        Linears.Where(condition).Select(linear => (LinearGroup?)linear.Group).Min();

    /// <summary>
    /// Checkpoint name and shape of each weight of block <paramref name="layer"/>: norms, then linear layers, each with its bias.
    /// </summary>
    public IEnumerable<(string Name, long[] Shape)> Weights(int layer) =>
    [
        .. Norms.Select(norm => (norm.ModuleName(layer) + CheckpointNames.WeightSuffix, new long[] { norm.Width })),
        .. Linears.SelectMany(linear => linear.Weights(layer)),
    ];

    private static int Index<TPart>(IReadOnlyList<TPart> parts, Func<TPart, bool> has, Enum role)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            if (has(parts[i]))
            {
                return i;
            }
        }

        throw new ArgumentException($"The block has no part with the role {role}.", nameof(role));
    }
}
