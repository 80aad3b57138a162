using CsCheck;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Weights;

/// <summary>Well-formed weight files that do not make a valid model.</summary>
public sealed class BadWeightsTests : IDisposable
{
    private const string Tensor = "model.layers.1.mlp.up_proj.weight";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32, float.NaN)]
    [InlineData(ScalarType.Float32, float.NegativeInfinity)]
    [InlineData(ScalarType.Float16, float.NaN)]
    [InlineData(ScalarType.BFloat16, float.PositiveInfinity)]
    public void Load_NaNOrInfinity_NamesFileAndTensorAndElement(ScalarType dtype, float value)
    {
        Write(dtype, (name, weight) => name == Tensor ? weight.flatten().index_fill(0, tensor(77L), value).reshape(weight.shape) : weight);

        RunFailure failure = Assert.Throws<RunFailure>(() => Load(float32));

        Assert.Equal((EndReason.BadData, "model"), (failure.Reason, failure.Field));
        Assert.Contains(Path.Combine(_folder.Path, CheckpointWeights.SingleFile), failure.Message, StringComparison.Ordinal);
        Assert.Contains($"tensor '{Tensor}' contains NaN or infinity (element 77)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_IntegerTensor_NamesTheDtype()
    {
        byte[] bytes = File.ReadAllBytes(Write(float32, (_, weight) => weight));
        // Same size per value: only the name of the dtype differs.
        int at = bytes.AsSpan().IndexOf("model.norm.weight"u8);
        at += bytes.AsSpan(at).IndexOf("F32"u8);
        bytes[at] = (byte)'I';
        _folder.Write(CheckpointWeights.SingleFile, bytes);

        string message = Assert.Throws<RunFailure>(() => Load(float32)).Message;

        Assert.Contains("'model.norm.weight' has dtype I32", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ValueOutOfRangeForFp16_IsRejectedInFp16AndLoadedInFp32()
    {
        Write(bfloat16, (name, weight) => name == Tensor ? weight.flatten().index_fill(0, tensor(5L), 1e6f).reshape(weight.shape) : weight);

        Load(float32);
        string message = Assert.Throws<RunFailure>(() => Load(float16)).Message;

        Assert.Contains($"'{Tensor}'", message, StringComparison.Ordinal);
        Assert.Contains("out of range for float16", message, StringComparison.Ordinal);
    }

    [Fact]
    public void FirstIndex_AnyBits_AgreesWithTheTypesIsFinite()
    {
        Check("F64", Gen.Double, BitConverter.GetBytes, double.IsFinite);
        Check("F32", Gen.Single, BitConverter.GetBytes, float.IsFinite);
        Check("F16", Gen.UShort.Select(BitConverter.UInt16BitsToHalf), BitConverter.GetBytes, Half.IsFinite);
        Check("BF16", Gen.UShort, BitConverter.GetBytes, bits => float.IsFinite(BitConverter.UInt32BitsToSingle((uint)bits << 16)));

        static void Check<T>(string dtype, Gen<T> gen, Func<T, byte[]> bytes, Func<T, bool> isFinite) =>
            gen.Array[0, 90].Sample(
                values => NonFinite.FirstIndex(values.SelectMany(bytes).ToArray(), dtype) == Array.FindIndex(
                    values,
                    value => !isFinite(value)), iter: 2000, seed: "0000KoU6Sgx2");
    }

    private void Load(ScalarType dtype) => LlamaLoader.Load(_folder.Path, TinyLlama.Config, dtype, CPU).Dispose();

    private string Write(ScalarType dtype, Func<string, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor> change)
    {
        using IDisposable scope = NewDisposeScope();
        using LlamaModel model = TinyLlama.Build(dtype: dtype);
        string path = Path.Combine(_folder.Path, CheckpointWeights.SingleFile);
        SafetensorsWriter.Write(
            path,
            model.NamedWeights().ToDictionary(pair => pair.Key, pair => change(pair.Key, pair.Value)),
            new Dictionary<string, string>());
        return path;
    }
}
