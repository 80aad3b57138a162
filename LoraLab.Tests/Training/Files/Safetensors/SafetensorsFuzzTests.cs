using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Files.Safetensors;

public sealed class SafetensorsFuzzTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_DamagedFiles_AreReadOrRejectedWithAMessage()
    {
        byte[] original = Original();
        string path = Path.Combine(_folder.Path, "damaged.safetensors");

        Fuzz.Run(output, 100_000, 6000, Write, () => ReadAll(path), "damaged.safetensors");

        long Write(Mutator mutator)
        {
            byte[] bytes = mutator.Corrupt(original);
            File.WriteAllBytes(path, bytes);
            return bytes.Length;
        }
    }

    [Fact]
    public void Open_DamagedHeadersOfTheRightLength_AreReadOrRejectedWithAMessage()
    {
        // The length prefix matches the damaged header, so that the damage gets past the first checks.
        byte[] original = Original();
        int headerLength = (int)BitConverter.ToInt64(original);
        string path = Path.Combine(_folder.Path, "damaged.safetensors");

        Fuzz.Run(output, 200_000, 4000, Write, () => ReadAll(path), "damaged.safetensors");

        long Write(Mutator mutator)
        {
            byte[] header = mutator.Corrupt(original[8..(8 + headerLength)]);
            byte[] bytes = [.. BitConverter.GetBytes((long)header.Length), .. header, .. original[(8 + headerLength)..]];
            File.WriteAllBytes(path, bytes);
            return bytes.Length;
        }
    }

    [Fact]
    public void Open_DamagedIndexes_AreReadOrRejectedWithAMessage()
    {
        using torch.Tensor one = torch.ones(3);
        SafetensorsWriter.Write(
            Path.Combine(_folder.Path, "one.safetensors"),
            new Dictionary<string, torch.Tensor> { ["a"] = one, ["b"] = one },
            new Dictionary<string, string>());
        byte[] original = """{"metadata":{"total_size":24},"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}"""u8.ToArray();

        Fuzz.Run(output, 300_000, 1000, Write, () => CheckpointWeights.Open(_folder.Path).Dispose(), CheckpointWeights.IndexFile);

        long Write(Mutator mutator)
        {
            byte[] bytes = mutator.Corrupt(original);
            _folder.Write(CheckpointWeights.IndexFile, bytes);
            return bytes.Length;
        }
    }

    private static byte[] Original()
    {
        using TemporaryFolder folder = new();
        using IDisposable scope = torch.NewDisposeScope();
        string path = Path.Combine(folder.Path, "x.safetensors");
        SafetensorsWriter.Write(
            path,
            new Dictionary<string, torch.Tensor>
            {
                ["model.layers.0.self_attn.q_proj.weight"] = torch.ones(4, 3),
                ["model.norm.weight"] = torch.ones(5, dtype: torch.ScalarType.BFloat16),
                ["half"] = torch.ones(2, 2, dtype: torch.ScalarType.Float16),
                ["scalar"] = torch.tensor(2f),
                ["none"] = torch.ones(0, 3),
            },
            new Dictionary<string, string> { ["format"] = "pt" });
        return File.ReadAllBytes(path);
    }

    private static void ReadAll(string path)
    {
        using IDisposable scope = torch.NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (string name in file.Tensors.Keys)
        {
            file.ToWeight(name);
        }
    }
}
