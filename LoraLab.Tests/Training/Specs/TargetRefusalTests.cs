using LoraLab.Tests.Training.Models.Families;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Specs;
using Xunit;

namespace LoraLab.Tests.Training.Specs;

/// <summary>Names that a model does not have are explained where it has the layer under another name.</summary>
public sealed class TargetRefusalTests
{
    [Theory]
    [InlineData("phi3", "k_proj", "is a part of qkv_proj in this model, which has q_proj, k_proj and v_proj in one layer")]
    [InlineData("phi3", "up_proj", "is a part of gate_up_proj in this model, which has gate_proj and up_proj in one layer")]
    [InlineData("qwen2", "qkv_proj", "is q_proj, k_proj and v_proj in this model, which has them as layers of their own")]
    [InlineData("gemma3", "lm_head", "is the embedding or the head, which stay frozen without an adapter")]
    [InlineData("gemma3", "c_attn", "matches no linear layer of this model")]
    public void Reason_OfAName_SaysWhereTheLayerIs(string family, string name, string expected)
    {
        BlockDescription block = LlamaConfig.Read(GoldenFamilies.Model(family)).Block;

        Assert.Equal(expected, TargetRefusal.Reason(name, block));
    }
}
