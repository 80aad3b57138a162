using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Models.Families;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Blocks;

/// <summary>Everything that depends on the parts of a block follows its description.</summary>
public sealed class BlockDescriptionTests
{
    private const string AdditionalLinear = "extra_proj";

    [Fact]
    public void Weights_Sample_AreThoseOfItsCheckpoint()
    {
        string folder = Path.Combine(Fixtures.RepositoryRoot, "samples", "model");
        using CheckpointWeights weights = CheckpointWeights.Open(folder);

        (string Name, long[] Shape)[] described = [.. CheckpointShapes.Of(LlamaConfig.Read(folder))];

        Assert.Equal(weights.Names.Order(StringComparer.Ordinal), described.Select(weight => weight.Name).Order(StringComparer.Ordinal));
        Assert.All(described, weight => Assert.Equal(weights.Shape(weight.Name), weight.Shape));
    }

    [Fact]
    public void Weights_TinyLlama_HaveItsNamesAndShapes()
    {
        BlockDescription block = LlamaConfig.Read(Fixtures.TinyLlamaTokenizer).Block;

        Assert.Equal(
            [
                "model.layers.21.input_layernorm.weight [2048]",
                "model.layers.21.post_attention_layernorm.weight [2048]",
                "model.layers.21.self_attn.q_proj.weight [2048, 2048]",
                "model.layers.21.self_attn.k_proj.weight [256, 2048]",
                "model.layers.21.self_attn.v_proj.weight [256, 2048]",
                "model.layers.21.self_attn.o_proj.weight [2048, 2048]",
                "model.layers.21.mlp.gate_proj.weight [5632, 2048]",
                "model.layers.21.mlp.up_proj.weight [5632, 2048]",
                "model.layers.21.mlp.down_proj.weight [2048, 5632]",
            ],
            block.Weights(21).Select(weight => $"{weight.Name} [{string.Join(", ", weight.Shape)}]"));
    }

    [Fact]
    public void FlopsAndMemory_TinyLlama_AreThoseOfItsShape()
    {
        LlamaConfig config = LlamaConfig.Read(Fixtures.TinyLlamaTokenizer);
        const long QueryOrOutput = 2 * 2048 * 2048, KeyOrValue = 2 * 2048 * 256, OfMlp = 2 * 2048 * 5632, Head = 2 * 2048 * 32000;
        const long Block = (2 * QueryOrOutput) + (2 * KeyOrValue) + (3 * OfMlp);

        Assert.Equal((22 * Block * 10) + (3 * Head), new FlopEstimate(config, ["q_proj"]).Forward(10, 3));
        Assert.Equal(
            (43 * Block * 10) + (6 * Head) + (10 * (QueryOrOutput + (3 * OfMlp))), new FlopEstimate(config, ["v_proj"]).Training(10, 3));
        Assert.Equal((43 * Block * 10) + (6 * Head) + (10 * OfMlp), new FlopEstimate(config, ["up_proj", "down_proj"]).Training(10, 3));
        Assert.Equal(
            (21 * Block * 10) + (2 * KeyOrValue * 10) + (3 * (Block - (2 * KeyOrValue) + Head)),
            new FlopEstimate(config, []).Evaluation(10, 3));
        // Output and residual stream; q, k, v and attention output; gate and up; a log-sum-exp per head; s·x·Aᵀ of two adapters.
        RunSpec spec = AdaptedLlama.SpecOf("lora", rank: 8) with { TargetModules = TargetModules.Of("q_proj", "v_proj") };
        Assert.Equal(
            22 * 4 * ((2 * 2048) + (2048 + 256 + 256 + 2048) + (2 * 5632) + 32 + (2 * 8)),
            PackingRule.BytesPerToken(spec, config, gpu: false));
    }

    [Fact]
    public void Description_WithOneMoreLinearAndNorm_ReachesNamesShapesFactoryTargetsAndFlops()
    {
        LlamaConfig plain = TinyLlama.Config;
        WiderConfig wider = new(plain);
        const int Additional = WiderConfig.Out * WiderConfig.In;
        using IDisposable scope = NewDisposeScope();
        using LlamaModel model = TinyLlama.Build(config: wider);

        Assert.Equal(
            [
                "model.layers.0.mlp.extra_proj.weight",
                "model.layers.0.self_attn.extra_norm.weight",
                "model.layers.1.mlp.extra_proj.weight",
                "model.layers.1.self_attn.extra_norm.weight",
            ],
            CheckpointShapes.Of(wider).Select(weight => weight.Name).Except(CheckpointShapes.Of(plain).Select(weight => weight.Name))
                .Order(StringComparer.Ordinal));
        Assert.Equal(plain.ParameterCount + (plain.Layers * (Additional + WiderConfig.Gains)), wider.ParameterCount);
        Assert.Equal(
            CheckpointShapes.Of(wider).Select(weight => (weight.Name, Shape: string.Join(',', weight.Shape))),
            model.NamedWeights().Select(weight => (weight.Key, Shape: string.Join(',', weight.Value.shape))));
        Assert.Equal([AdditionalLinear], wider.AdaptedLinears(TargetModules.Of(AdditionalLinear)).Select(linear => linear.Name));
        Assert.Equal(
            4 * (WiderConfig.Out + WiderConfig.In), LoraMethods.Find("lora")!.TrainableParameters(wider.Block.Linears[^1], 4, []));

        FlopEstimate before = new(plain, ["gate_proj"]);
        FlopEstimate after = new(wider, [AdditionalLinear]);
        // Its input gradient is not needed in the lowest block, like that of the gate.
        Assert.Equal(before.Training(7, 3) + (7L * 2 * Additional * ((2 * plain.Layers) - 1)), after.Training(7, 3));
        Assert.Equal(before.Evaluation(7, 3) + (2L * Additional * (((plain.Layers - 1) * 7) + 3)), after.Evaluation(7, 3));

        // The reference path runs the layers whose roles it knows.
        using LlamaModel expected = TinyLlama.Build();
        Tensor ids_BT = TinyLlama.Ids(3, 1, 9);
        Assert.True(TinyLlama.Logits(expected, ids_BT).equal(TinyLlama.Logits(model, ids_BT)).all().item<bool>());
    }

    [Fact]
    public void Places_OfRolesInTheKernels_AreDistinctAndComplete()
    {
        BlockDescription[] blocks = [.. GoldenFamilies.Names.Select(name => LlamaConfig.Read(GoldenFamilies.Model(name.Data)).Block)];

        Assert.All(blocks, block => Assert.Equal(block.Linears.Count, block.Linears.Select(linear => linear.Role).Distinct().Count()));
        // The order of a description is that of the forward pass, and every role is used by some family.
        LinearRole[][] linears = [.. blocks.Select(block => block.Linears.Select(linear => linear.Role).ToArray())];
        Assert.All(linears, roles => Assert.Equal(roles.Order(), roles));
        Assert.Equal(Enum.GetValues<LinearRole>(), linears.SelectMany(roles => roles).Distinct().Order());
        Assert.Equal(Enum.GetValues<NormRole>(), blocks.SelectMany(block => block.Norms).Select(norm => norm.Role).Distinct().Order());
        // The backward pass takes a place for an index: from 0, without gaps.
        Assert.Equal(Enumerable.Range(0, Enum.GetValues<LinearRole>().Length), Enum.GetValues<LinearRole>().Select(role => (int)role));
        Assert.Equal(Enumerable.Range(0, FactorDescription.All.Count), FactorDescription.All.Select(factor => (int)factor));
        Assert.Equal(FactorDescription.Stored.Count, FactorDescription.Stored.Select(factor => factor.Name()).Distinct().Count());
    }

    private sealed record WiderConfig(LlamaConfig Plain) : LlamaConfig(Plain)
    {
        public const int Out = 10;

        public const int In = 64;

        public const int Gains = 12;

        public override BlockDescription Block => base.Block with
        {
            Norms = [.. base.Block.Norms, new((NormRole)Enum.GetValues<NormRole>().Length, "self_attn.extra_norm", Gains)],
            Linears =
            [
                .. base.Block.Linears,
                new((LinearRole)Enum.GetValues<LinearRole>().Length, "mlp." + AdditionalLinear, LinearGroup.GateUp, Out, In),
            ],
        };
    }
}
