using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models;

public sealed class LlamaLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.Float16, ScalarType.Float32)]
    [InlineData(ScalarType.Float32, ScalarType.Float32)]
    [InlineData(ScalarType.Float64, ScalarType.Float64)]
    public void Load_AnyPrecision_NormsAreInFp32OrBetter(ScalarType dtype, ScalarType norms)
    {
        Write(float32);

        using LlamaModel model = LlamaLoader.Load(_folder.Path, TinyLlama.Config, dtype, CPU);

        Assert.Equal(dtype, model.Dtype);
        Assert.All(model.NamedWeights(), weight =>
            Assert.Equal(weight.Key.Contains("norm", StringComparison.Ordinal) ? norms : dtype, weight.Value.dtype));
        using Tensor ids_BT = TinyLlama.Ids(1, 2, 8);
        using Tensor logits_NV = TinyLlama.Logits(model, ids_BT);
        Assert.True(logits_NV.isfinite().all().item<bool>());
    }

    [Fact]
    public void Load_PrecisionOfTheFile_CopiesOnlyTheNorms()
    {
        Write(bfloat16);

        using LlamaModel model = LlamaLoader.Load(_folder.Path, TinyLlama.Config, bfloat16, CPU, out LoadReport report);

        long norms = (2 * TinyLlama.Config.Layers) + 1;
        Assert.Equal(TinyLlama.Config.ParameterCount, report.Values);
        Assert.Equal(norms * TinyLlama.Config.HiddenSize * sizeof(float), report.CopiedBytes);
        Assert.Equal((TinyLlama.Config.ParameterCount - (norms * TinyLlama.Config.HiddenSize)) * 2, report.MappedBytes);
        Assert.Null(report.Warning);
    }

    private void Write(ScalarType dtype)
    {
        using IDisposable scope = NewDisposeScope();
        using LlamaModel model = TinyLlama.Build(dtype: dtype);

        // In memory norms are fp32; in a half-precision file they are half precision.
        SafetensorsWriter.Write(
            Path.Combine(_folder.Path, CheckpointWeights.SingleFile),
            model.NamedWeights().ToDictionary(weight => weight.Key, weight => weight.Value.to(dtype)),
            new Dictionary<string, string>());
    }
}
