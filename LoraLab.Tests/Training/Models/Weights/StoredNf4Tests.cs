using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Weights;

/// <summary>Models that bitsandbytes saved in NF4: their numbers, and what is refused.</summary>
public sealed class StoredNf4Tests : IDisposable
{
    private const string Weight = "model.layers.0.mlp.up_proj.weight";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Models => [.. QloraGoldens.Names];

    [Theory]
    [MemberData(nameof(Models))]
    public void Load_ModelOfBitsandbytes_HasItsNumbers(string model)
    {
        JsonObject golden = QloraGoldens.Trajectory(model);
        using IDisposable scope = NewDisposeScope();
        using LlamaModel stored = Load(QloraGoldens.Quantized(model));

        Assert.Equal(
            golden["quantizedLinears"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal),
            stored.Linears.Where(linear => linear.Quantized is not null).Select(linear => linear.Name).Order(StringComparer.Ordinal));
        foreach ((string name, JsonNode? values) in golden["first64Dequantized"]!.AsObject())
        {
            LinearLayer linear = stored.Linears.Single(linear => linear.Name == name);
            Assert.Equal(
                values!.AsArray().Select(value => (float)(double)value!), TensorReader.Floats(linear.Weight_OI.flatten())[..64]);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Load_PlainModelInFourBits_HasTheNumbersOfBitsandbytes(string model)
    {
        string folder = QloraGoldens.Plain(model);
        BaseWeights form = QloraGoldens.IsDouble(model) ? BaseWeights.Nf4Double : BaseWeights.Nf4;
        using IDisposable scope = NewDisposeScope();
        using LlamaModel stored = Load(QloraGoldens.Quantized(model));
        using LlamaModel quantized = LlamaLoader.Load(folder, LlamaConfig.Read(folder).WithBase(form), float32, CPU);
        using LlamaModel plain = Load(folder);
        JsonObject errors = QloraGoldens.Trajectory(model)["meanAbsoluteError"]!.AsObject();

        foreach ((LinearLayer layer, LinearLayer reference, LinearLayer original) in
            quantized.Linears.Zip(stored.Linears, plain.Linears))
        {
            Assert.Equal(TensorReader.Floats(reference.Weight_OI), TensorReader.Floats(layer.Weight_OI));
            Assert.Equal(TensorReader.Floats(layer.Weight_OI)[layer.In..(3 * layer.In)], TensorReader.Floats(layer.Rows(1, 2)));
            Assert.Equal(TensorReader.Floats(original.Weight_OI), TensorReader.Floats(layer.Original_OI));
            double error = TensorReader.Doubles(layer.Weight_OI.to(float64).sub(original.Weight_OI.to(float64)).abs().mean())[0];
            Assert.Equal((double)errors[layer.Name]!, error, 1e-7);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OnDevice_AsOnADevice_GivesTheSameBytes(bool shortBlock)
    {
        TorchRuntime.EnsureLoaded();
        using IDisposable scope = NewDisposeScope();
        Tensor values = randn(shortBlock ? 1000 : 1024, generator: new Generator(1, CPU));
        values[TensorIndex.Slice(64, 128)] = 0;
        byte[] codes = new byte[Nf4.Blocks(values.shape[0]) * Nf4.BlockBytes];
        float[] maxima = new float[Nf4.Blocks(values.shape[0])];
        Nf4.Quantize(TensorReader.Floats(values), codes, maxima);

        (Tensor codesOfOperators, Tensor maximaOfOperators) = QuantizedWeight.OnDevice(values);

        Assert.Equal(codes, codesOfOperators.bytes.ToArray());
        Assert.Equal(maxima, TensorReader.Floats(maximaOfOperators));
    }

    [Theory]
    [InlineData(".quant_state.bitsandbytes__nf4", "truncated", "cannot be read")]
    [InlineData(".quant_state.bitsandbytes__nf4", "missing", "not in NF4, but others are")]
    [InlineData(".quant_state.bitsandbytes__nf4", "blocksize 128", "blocks of 128")]
    [InlineData(".quant_state.bitsandbytes__nf4", "quant_type \"fp4\"", "fp4")]
    [InlineData(".quant_state.bitsandbytes__nf4", "nested_blocksize 64", "groups of 64")]
    [InlineData(".quant_state.bitsandbytes__nf4", "shape [64,172]", "config.json requires")]
    [InlineData(".absmax", "missing", "is missing")]
    [InlineData(".absmax", "shortened", "requires")]
    [InlineData(".nested_absmax", "missing", "is missing")]
    [InlineData(".quant_map", "missing", "is missing")]
    [InlineData(".quant_map", "changed", "another code book")]
    [InlineData(".nested_quant_map", "changed", "another code book")]
    [InlineData("", "shortened", "requires")]
    public void Load_BrokenPart_IsRefusedWithItsName(string part, string change, string reason)
    {
        string folder = Changed(Weight + part, change);

        string message = Assert.Throws<RunFailure>(() => Load(folder).Dispose()).Message;

        Assert.Contains(Weight, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ConfigurationThatDoesNotSayIt_IsRefusedAsQuantized()
    {
        string folder = Changed(Weight, "unchanged");
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, LlamaConfig.FileName)))!.AsObject();
        config.Remove("quantization_config");
        File.WriteAllText(Path.Combine(folder, LlamaConfig.FileName), config.ToJsonString());

        Assert.Contains("are quantized", Assert.Throws<RunFailure>(() => Load(folder)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static LlamaModel Load(string folder) => LlamaLoader.Load(folder, LlamaConfig.Read(folder), float32, CPU);

    /// <summary>A copy of a quantized model in which one tensor is changed.</summary>
    private string Changed(string tensor, string change)
    {
        string from = QloraGoldens.Quantized("nf4-stories260K");
        string to = Path.Combine(_folder.Path, "model");
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from).Where(file => Path.GetExtension(file) != ".safetensors"))
        {
            File.WriteAllBytes(Path.Combine(to, Path.GetFileName(file)), File.ReadAllBytes(file));
        }

        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(from, "model.safetensors"));
        PlainTensor plain = tensors[tensor];
        tensors.Remove(tensor);
        byte[] bytes = plain.Data;
        switch (change.Split(' '))
        {
            case ["missing"]:
                break;
            case ["shortened"]:
                tensors[tensor] = plain with { Shape = [plain.Shape[0] - 1, .. plain.Shape[1..]], Data = bytes[..^1] };
                break;
            case ["truncated"]:
                tensors[tensor] = plain with { Shape = [plain.Shape[0] - 9], Data = bytes[..^9] };
                break;
            case ["changed"]:
                tensors[tensor] = plain with { Data = [.. bytes[..4], .. bytes[..^4]] };
                break;
            case [string key, string value]:
                JsonObject state = JsonNode.Parse(bytes)!.AsObject();
                state[key] = JsonNode.Parse(value);
                byte[] text = Encoding.UTF8.GetBytes(state.ToJsonString());
                tensors[tensor] = plain with { Shape = [text.Length], Data = text };
                break;
            default:
                tensors[tensor] = plain;
                break;
        }

        File.WriteAllBytes(Path.Combine(to, "model.safetensors"), HandmadeModel.Safetensors(tensors));
        return to;
    }
}
