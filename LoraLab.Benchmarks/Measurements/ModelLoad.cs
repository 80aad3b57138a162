using System.Text.Json.Nodes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Loading a model from a file in the page cache, against one sequential read of the file.</summary>
internal sealed class ModelLoad : IMeasurement
{
    // 262 MB for embedding and head, 88 MB per block: about 1 GB.
    private const int Layers = 8;
    private const int BufferBytes = 4 << 20;

    /// <inheritdoc />
    public string Name => "model-load";

    /// <inheritdoc />
    public string Description => $"model load from the page cache / one sequential read, TinyLlama shape with {Layers} blocks, bf16";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder folder = bench.CreateTemporaryFolder();
        LlamaConfig config = RandomWeights.TinyLlama(bench.TinyLlama, Layers);
        string file = Write(folder.FullPath, config, bench.TinyLlama);
        byte[] buffer = new byte[BufferBytes];
        // Wall time, because disk and cache access is not CPU time.
        Comparison compared = Blocks.Compare(
            bench with { WallOnly = true },
            bench.Side("read", 1, _ => Read(file, buffer)),
            [
                bench.Side("load", 1, _ => Load(folder.FullPath, config, bench.Device).Dispose()),
                bench.Side("load and touch", 1, _ => Touch(folder.FullPath, config, bench.Device)),
            ]);
        Finding loaded = new()
        {
            Measurement = Name,
            Description = Description,
            A = "sequential read, 4 MiB buffer",
            B = "load",
            Unit = "B / A",
            Value = compared.Share(1),
            Control = compared.ControlRatio,
            Clock = Clock.Wall,
            Target = Target.NoMoreThan(1.3, 0.5),
            Details = new Dictionary<string, double>
            {
                ["file, MB"] = new FileInfo(file).Length / 1e6,
                ["read, s"] = compared.Seconds(0),
                ["load, s"] = compared.Seconds(1),
            },
            Note = "until every weight is usable",
        };
        return
        [
            loaded.WithVerdict(),
            (loaded with
            {
                Description = "the same, with every weight summed once",
                B = "load and touch",
                Value = compared.Share(2),
                Target = null,
                Details = new Dictionary<string, double> { ["load and touch, s"] = compared.Seconds(2) },
                Note = "includes the cost that a lazy load defers",
            }).WithVerdict(),
        ];
    }

    private static string Write(string folder, LlamaConfig config, string source)
    {
        using LlamaModel model = RandomWeights.Build(config, ScalarType.BFloat16, CPU);
        string file = Path.Combine(folder, "model.safetensors");
        SafetensorsWriter.Write(file, model.NamedWeights().ToDictionary(), new Dictionary<string, string> { ["format"] = "pt" });
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(source, LlamaConfig.FileName)))!;
        json["num_hidden_layers"] = config.Layers;
        File.WriteAllText(Path.Combine(folder, LlamaConfig.FileName), json.ToJsonString());
        return file;
    }

    private static void Read(string file, byte[] buffer)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        while (stream.Read(buffer) > 0)
        {
        }
    }

    private static LlamaModel Load(string folder, LlamaConfig config, Device device) =>
        LlamaLoader.Load(folder, config, ScalarType.BFloat16, device);

    private static void Touch(string folder, LlamaConfig config, Device device)
    {
        using IDisposable noGrad = no_grad();
        using LlamaModel model = Load(folder, config, device);
        foreach ((_, Tensor weight) in model.NamedWeights())
        {
            using Tensor sum = weight.sum();
        }
    }
}
