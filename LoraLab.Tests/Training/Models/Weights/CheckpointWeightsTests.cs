using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Models.Weights;

public sealed class CheckpointWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_OneFile_ReadsByName()
    {
        using CheckpointWeights weights = CheckpointWeights.Open(Fixtures.Stories260K);
        using torch.Tensor norm = weights.Read("model.norm.weight");

        Assert.Equal(("F32", 64L), (weights.Dtype("model.norm.weight"), Assert.Single(weights.Shape("model.norm.weight"))));
        Assert.Equal([64L], norm.shape);
        Assert.True(weights.Has("model.layers.4.mlp.down_proj.weight"));
        Assert.Contains("'lm_head.weight'", Assert.Throws<RunFailure>(() => weights.Read("lm_head.weight")).Message);
    }

    [Fact]
    public void Open_Shards_ReadsFromEach()
    {
        WriteShard("model-00001-of-00002.safetensors", "a", 1f);
        WriteShard("model-00002-of-00002.safetensors", "b", 2f);
        _folder.Write(CheckpointWeights.IndexFile, """{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002."""
            + """safetensors","b":"model-00002-of-00002.safetensors"}}""");

        using CheckpointWeights weights = CheckpointWeights.Open(_folder.Path);
        using torch.Tensor a = weights.Read("a");
        using torch.Tensor b = weights.Read("b");

        Assert.Equal((1f, 2f), (a.item<float>(), b.item<float>()));
        Assert.Equal(["a", "b"], weights.Names.Order());
        Assert.Equal(2, weights.Files.Count);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""", "two.safetensors")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}""", "'b'")]
    [InlineData("""{"weight_map":{"b":"../one.safetensors"}}""", "../one.safetensors")]
    [InlineData("""{"weight_map":{}}""", "weight_map")]
    [InlineData("""{"weights":1}""", "weight_map")]
    [InlineData("""{"weight_map":{"a":5}}""", "weight_map")]
    [InlineData("""{"weight_map":{"a":null}}""", "weight_map")]
    [InlineData("{", "JSON")]
    public void Open_BrokenIndex_NamesShardOrTensor(string index, string named)
    {
        WriteShard("one.safetensors", "a", 1f);
        _folder.Write(CheckpointWeights.IndexFile, index);

        Assert.Contains(named, Assert.Throws<RunFailure>(() => CheckpointWeights.Open(_folder.Path)).Message);
    }

    [Fact]
    public void Open_TensorThatTheIndexDoesNotList_NamesIt()
    {
        using torch.Tensor one = torch.ones(1);
        SafetensorsWriter.Write(
            Path.Combine(_folder.Path, "one.safetensors"),
            new Dictionary<string, torch.Tensor> { ["a"] = one, ["extra"] = one },
            new Dictionary<string, string>());
        _folder.Write(CheckpointWeights.IndexFile, """{"weight_map":{"a":"one.safetensors"}}""");

        Assert.Contains("'extra'", Assert.Throws<RunFailure>(() => CheckpointWeights.Open(_folder.Path)).Message);
    }

    [Fact]
    public void Open_FolderWithoutWeights_IsReported() =>
        Assert.Contains("no weights", Assert.Throws<RunFailure>(() => CheckpointWeights.Open(_folder.Path)).Message);

    private void WriteShard(string file, string tensor, float value)
    {
        using torch.Tensor one = torch.full(1, value);
        SafetensorsWriter.Write(
            Path.Combine(_folder.Path, file), new Dictionary<string, torch.Tensor> { [tensor] = one }, new Dictionary<string, string>());
    }
}
