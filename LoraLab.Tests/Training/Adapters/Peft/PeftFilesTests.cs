using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Training.Adapters.Peft;

/// <summary>
/// The adapter files that runs leave, read by a parser of the test's own: names, shapes, precisions, metadata and configuration as PEFT
/// writes them, and factors that are what the method's checkpoint holds.
/// </summary>
public sealed partial class PeftFilesTests
{
    // As written by PEFT since 0.7 and still read; base_model_name_or_path, lora_alpha, lora_dropout, r, target_modules and use_rslora
    // vary.
    private const string PlainConfig = """
        {
          "alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "sample", "bias": "none", "fan_in_fan_out": false,
          "inference_mode": true, "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null,
          "loftq_config": {}, "lora_alpha": 8, "lora_dropout": 0.0, "megatron_config": null, "megatron_core": "megatron.core",
          "modules_to_save": null, "peft_type": "LORA", "r": 4, "rank_pattern": {}, "revision": null,
          "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM", "use_dora": false, "use_rslora": false
        }
        """;

    /// <summary>Methods whose adapters are PEFT's LoRA.</summary>
    public static TheoryData<string> Methods =>
    [
        .. LoraMethods.All.Where(method => ReferenceEquals(method.Peft, PeftLayout.Lora) && !method.TrainsWeights)
            .Select(method => method.Id),
    ];

    /// <summary>Their scaling is α/√r too: as it is for one, and of twice the rank for one that takes from the base.</summary>
    public static TheoryData<string, bool> Cases =>
        [.. Methods.Select(method => (method.Data, false)), ("lora", true), ("pissa", true)];

    [GeneratedRegex(@"^base_model\.model\.model\.layers\.(\d+)\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)\.lora_(A|B)\.weight$")]
    private static partial Regex TensorName { get; }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Train_AdapterFolder_MatchesPeftsFormat(string method, bool rankStabilized)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For(method);
        spec["rankStabilized"] = rankStabilized;
        FinishedRun run = trainer.Run(spec);
        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        string folder = Path.Combine(run.Folder, RunFiles.Adapter);

        Assert.Equal(
            ["adapter_config.json", "adapter_model.safetensors", "loralab.json"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        bool doubled = LoraMethods.Find(method)!.TakesFromBase;
        int rank = doubled ? 8 : 4;
        AssertConfig(folder, rank, !doubled ? 8 : rankStabilized ? 8 * Math.Sqrt(2) : 16, rankStabilized);
        AssertTensors(new PlainSafetensors(Path.Combine(folder, "adapter_model.safetensors")), rank);
        JsonNode metadata = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "loralab.json")))!;
        Assert.Equal(method, (string?)metadata["spec"]!["method"]);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_AdapterFile_HoldsTheTrainedFactorsForTheOriginalBase(string method)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For(method);
        spec["targetModules"] = "all-linear";
        FinishedRun run = trainer.Run(spec);
        PlainSafetensors file = new(Path.Combine(run.Folder, RunFiles.Adapter, "adapter_model.safetensors"));
        CheckpointTensors trained = new(Path.Combine(run.Folder, RunFiles.Checkpoints));

        List<string> modules =
            [.. trained.Names.Where(name => name.EndsWith(".lora_A", StringComparison.Ordinal)).Select(name => name[..^".lora_A".Length])];

        Assert.Equal(modules.Count * 2, file.Names.Count());
        foreach (string module in modules)
        {
            double[,] a = file.Matrix($"base_model.model.{module}.lora_A.weight");
            double[,] b = file.Matrix($"base_model.model.{module}.lora_B.weight");
            (double[,] expectedA, double[,] expectedB) = Expected(trained, module);
            AssertEqual(expectedA, a, trained.Names.Contains(module + ".lora_R") ? 1e-6 : 0);
            AssertEqual(expectedB, b, 0);
        }
    }

    private static (double[,] A, double[,] B) Expected(CheckpointTensors trained, string module)
    {
        double[,] a = trained.Matrix(module + ".lora_A");
        double[,] b = trained.Matrix(module + ".lora_B");
        if (trained.Names.Contains(module + ".lora_R"))
        {
            return (PlainSafetensors.Product(trained.Matrix(module + ".lora_R"), a), b);
        }

        if (!trained.Names.Contains(module + ".taken_A"))
        {
            return (a, b);
        }

        // [A; A₀] and [B, −B₀].
        (double[,] a0, double[,] b0) = (trained.Matrix(module + ".taken_A"), trained.Matrix(module + ".taken_B"));
        int rank = a.GetLength(0);
        double[,] bothA = new double[2 * rank, a.GetLength(1)];
        double[,] bothB = new double[b.GetLength(0), 2 * rank];
        for (int k = 0; k < rank; k++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
            {
                (bothA[k, j], bothA[rank + k, j]) = (a[k, j], a0[k, j]);
            }

            for (int i = 0; i < b.GetLength(0); i++)
            {
                (bothB[i, k], bothB[i, rank + k]) = (b[i, k], -b0[i, k]);
            }
        }

        return (bothA, bothB);
    }

    private static void AssertConfig(string folder, int rank, double alpha, bool rankStabilized)
    {
        string text = File.ReadAllText(Path.Combine(folder, "adapter_config.json"));
        JsonObject config = JsonNode.Parse(text)!.AsObject();
        JsonObject expected = JsonNode.Parse(PlainConfig)!.AsObject();
        Assert.Equal(expected.Select(entry => entry.Key), config.Select(entry => entry.Key));
        Assert.Equal(alpha, (double)config["lora_alpha"]!, 1e-12);
        (expected["r"], expected["use_rslora"], expected["lora_alpha"]) = (rank, rankStabilized, config["lora_alpha"]!.DeepClone());
        Assert.True(JsonNode.DeepEquals(JsonSerializer.SerializeToNode(expected), config), text);
        Assert.StartsWith("{\n  \"alpha_pattern\"", text, StringComparison.Ordinal);
    }

    private static void AssertTensors(PlainSafetensors file, int rank)
    {
        Assert.Equal([new("format", "pt")], file.Metadata);
        JsonObject model =
            JsonNode.Parse(File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "samples", "model", "config.json")))!.AsObject();
        (int width, int heads, int keyValueHeads) =
            ((int)model["hidden_size"]!, (int)model["num_attention_heads"]!, (int)model["num_key_value_heads"]!);
        Assert.Equal((int)model["num_hidden_layers"]! * 2 * 2, file.Names.Count());
        foreach (string name in file.Names)
        {
            Match match = TensorName.Match(name);
            Assert.True(match.Success, name);
            int rows = match.Groups[3].Value == "q" ? width : width / heads * keyValueHeads;
            Assert.Equal(match.Groups[5].Value == "A" ? [rank, width] : [rows, rank], file.Shape(name));
            Assert.Equal("F32", file.Dtype(name));
        }
    }

    private static void AssertEqual(double[,] expected, double[,] actual, double relative)
    {
        Assert.Equal((expected.GetLength(0), expected.GetLength(1)), (actual.GetLength(0), actual.GetLength(1)));
        double largest = expected.Cast<double>().Max(Math.Abs);
        for (int i = 0; i < expected.GetLength(0); i++)
        {
            for (int j = 0; j < expected.GetLength(1); j++)
            {
                Assert.True(
                    Math.Abs(expected[i, j] - actual[i, j]) <= relative * largest,
                    $"[{i}, {j}]: expected {expected[i, j]:R}, got {actual[i, j]:R}");
            }
        }
    }

    /// <summary>Tensors of the last checkpoint, of which the frozen ones are in a file beside it.</summary>
    private sealed class CheckpointTensors(string folder)
    {
        private readonly PlainSafetensors[] _files =
        [
            new(Path.Combine(Directory.GetDirectories(folder).Max()!, "state.safetensors")),
            .. Directory.GetFiles(folder, "frozen-*.safetensors").Select(path => new PlainSafetensors(path)),
        ];

        public IEnumerable<string> Names => _files.SelectMany(file => file.Names);

        public double[,] Matrix(string name) => _files.Single(file => file.Names.Contains(name)).Matrix(name);
    }
}
