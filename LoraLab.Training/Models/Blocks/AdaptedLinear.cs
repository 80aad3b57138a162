using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;

namespace LoraLab.Training.Models.Blocks;

/// <summary>A linear layer of a model that has an adapter.</summary>
/// <param name="Block">Number of its block.</param>
/// <param name="Linear">The layer.</param>
/// <param name="Rank">Rank of its adapter.</param>
public sealed record AdaptedLinear(int Block, BlockLinear Linear, int Rank)
{
    /// <summary>Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public string Module { get; } = Linear.ModuleName(Block);

    /// <summary>The layers that a specification adapts, block by block.</summary>
    public static IReadOnlyList<AdaptedLinear> Of(RunSpec spec, LlamaConfig config)
    {
        BlockLinear[] targets = [.. config.AdaptedLinears(spec.TargetModules)];
        return
        [
            .. from block in Enumerable.Range(0, config.Layers)
               from linear in targets
               let module = linear.ModuleName(block)
               where LayerSettings.Includes(spec, block, module)
               select new AdaptedLinear(block, linear, LayerSettings.Rank(spec, module)),
        ];
    }
}
