using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Torch.Quantization;

/// <summary>Codes and block maxima are those of bitsandbytes, byte for byte.</summary>
public sealed class Nf4Tests
{
    public static TheoryData<string> Models => [.. QloraGoldens.Names];

    [Theory]
    [MemberData(nameof(Models))]
    public void Quantize_ModelOfBitsandbytes_GivesItsBytes(string model)
    {
        TorchRuntime.EnsureLoaded();
        using IDisposable scope = NewDisposeScope();
        using CheckpointWeights plain = CheckpointWeights.Open(QloraGoldens.Plain(model));
        using SafetensorsFile quantized = QloraGoldens.OpenQuantized(model);
        foreach (string linear in QloraGoldens.Trajectory(model)["quantizedLinears"]!.AsArray().Select(name => (string)name!))
        {
            float[] values = TensorReader.Floats(plain.Read(linear + ".weight"));
            byte[] codes = new byte[Nf4.Blocks(values.Length) * Nf4.BlockBytes];
            float[] maxima = new float[Nf4.Blocks(values.Length)];

            Nf4.Quantize(values, codes, maxima);

            Assert.Equal(Bytes(".weight"), codes[..((values.Length + 1) / 2)]);
            Assert.Equal(Floats(".weight.quant_map"), Nf4.Values.ToArray());
            if (!QloraGoldens.IsDouble(model))
            {
                Assert.Equal(Floats(".weight.absmax"), maxima);
                continue;
            }

            using NestedMaxima nested = NestedMaxima.Of(maxima, CPU);
            Assert.Equal(Floats(".weight.nested_quant_map"), NestedMaxima.Values.ToArray());
            JsonNode state = JsonNode.Parse(Bytes(".weight.quant_state.bitsandbytes__nf4"))!;
            Assert.Equal((float)(double)state["nested_offset"]!, nested.Offset);
            Assert.Equal(Floats(".weight.nested_absmax"), TensorReader.Floats(nested.Maxima));
            Assert.Equal(Bytes(".weight.absmax"), nested.Codes.bytes.ToArray());

            byte[] Bytes(string part) => quantized.ToTensor(linear + part).bytes.ToArray();

            float[] Floats(string part) => TensorReader.Floats(quantized.ToTensor(linear + part));
        }
    }

    [Fact]
    public void Quantize_ValueBetweenTwoNumbers_TakesTheNearerAndOfTwoTheLower()
    {
        float[] values = new float[Nf4.BlockSize];
        values[0] = -2;
        for (int i = 0; i < Nf4.Midpoints.Length; i++)
        {
            values[1 + (2 * i)] = 2 * Nf4.Midpoints[i];
            values[2 + (2 * i)] = 2 * MathF.BitIncrement(Nf4.Midpoints[i]);
        }

        byte[] codes = new byte[Nf4.BlockBytes];
        float[] maxima = new float[1];
        Nf4.Quantize(values, codes, maxima);

        int[] unpacked = [.. codes.SelectMany(pair => new[] { pair >> 4, pair & 0xf })];
        Assert.Equal([2f], maxima);
        Assert.Equal(0, unpacked[0]);
        for (int i = 0; i < Nf4.Midpoints.Length; i++)
        {
            Assert.Equal((i, i + 1), (unpacked[1 + (2 * i)], unpacked[2 + (2 * i)]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(65)]
    public void Quantize_ShortLastBlock_IsThatOfItsValues(int count)
    {
        float[] values = [.. Enumerable.Range(0, count).Select(i => MathF.Sin(i + 1))];
        byte[] codes = new byte[Nf4.Blocks(count) * Nf4.BlockBytes];
        float[] maxima = new float[Nf4.Blocks(count)];

        Nf4.Quantize(values, codes, maxima);

        int last = count - (Nf4.BlockSize * (maxima.Length - 1));
        Assert.Equal(values[^last..].Max(MathF.Abs), maxima[^1]);
    }
}
