using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Training.Cli;
using LoraLab.Training.Data;
using LoraLab.Training.Training;

namespace LoraLab.Tests.Support;

/// <summary>
/// Runs of the reference configurations. The references use the first rows of NumPy's permutation of SST-2. Parsing 67,349 rows for a few
/// of them would dominate the time of a case, so those rows are written once, in their order, as a small dataset: 160 for most references,
/// and 320 for the first twenty steps of the longest; behind them the rows on which methods calibrate. Cases with <c>whole</c> use the full
/// dataset and the engine's own row selection.
/// </summary>
public sealed class GoldenRuns : IDisposable
{
    private const int SmallRows = 160;
    private const int RowsInFile = 20 * 16;

    /// <summary>First calibration row of the references in the small dataset.</summary>
    internal const int CalibrationOffset = RowsInFile;

    private const int CalibrationPlace = 20000;
    private const int CalibrationRows = 64;
    private readonly Lazy<TestTrainer> _trainer = new(() => new TestTrainer(fixtures: true));
    private readonly Lazy<string> _small;

    public GoldenRuns() => _small = new(WriteSmallDataset);

    /// <summary>Runs the configuration of a reference.</summary>
    internal FinishedRun Run(JsonObject golden, string folder, JsonNode microBatch, bool whole, Action<JsonObject>? change = null)
    {
        JsonObject spec = Spec(golden, folder);
        if (whole)
        {
            spec["microBatch"] = microBatch;
            change?.Invoke(spec);
            return _trainer.Value.Run(spec);
        }

        return RunSmall(spec, microBatch, change);
    }

    /// <summary>Runs a specification on the first rows of the dataset, in their order.</summary>
    internal FinishedRun RunSmall(JsonObject spec, JsonNode microBatch, Action<JsonObject>? change = null)
    {
        spec["microBatch"] = microBatch;
        spec["dataset"] = _small.Value;
        spec["dataSeed"] = null;
        change?.Invoke(spec);
        return _trainer.Value.Run(spec);
    }

    /// <summary>The same as <see cref="RunSmall"/>, for a run with a hook in its steps.</summary>
    internal OpenRun OpenSmall(JsonObject spec, JsonNode microBatch)
    {
        (spec["microBatch"], spec["dataset"], spec["dataSeed"]) = (microBatch, _small.Value, null);
        return new(_trainer.Value, _trainer.Value.NewFolder(), spec);
    }

    /// <summary>The predictions of <c>evaluate</c> with an adapter on the first 64 evaluation rows.</summary>
    internal IReadOnlyList<IReadOnlyList<string>> EvaluateSmall(string adapter)
    {
        using PreparedRun run = new EvaluationRequest(adapter, "stories260K", _small.Value, "paper-literal", 64, null)
            .Prepare(_trainer.Value.Services, out _);
        return [.. run.Evaluation.Run(run.Model, CancellationToken.None).Predictions.Rows];
    }

    /// <summary>The evaluation of an adapter as its run evaluated it.</summary>
    internal PreparedRun Evaluation(string adapter) =>
        new EvaluationRequest(adapter, null, null, null, null, null).Prepare(_trainer.Value.Services, out _);

    /// <summary>The <c>microBatch</c> of a case as JSON.</summary>
    internal static JsonNode MicroBatch(string text) => text == "auto" ? text : int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The trajectory of a reference.</summary>
    internal static (JsonObject Golden, string Folder) Load(string name)
    {
        string folder = Fixtures.Golden(name);
        return (JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "trajectory.json")))!.AsObject(), folder);
    }

    /// <summary>Adds the members of a specification that trajectories of every origin state alike.</summary>
    internal static void AddProtocol(JsonObject spec, JsonObject golden)
    {
        spec["effectiveBatch"] = (int)golden["effectiveBatch"]!;
        spec["lossWeighting"] = (string)golden["lossWeighting"]!;
        spec["lossScope"] = (string)golden["lossScope"]!;
        spec["schedule"] = (string)golden["schedule"]!;
        spec["warmupSteps"] = (int)golden["warmup"]!;
        spec["weightDecay"] = (double)golden["weightDecay"]!;
        spec["maxGradNorm"] = (double)golden["clip"]!;
        spec["evalEvery"] = 1000;
        spec["evalSamples"] = 64;
        spec["precision"] = "fp32";
    }

    public void Dispose()
    {
        if (_trainer.IsValueCreated)
        {
            _trainer.Value.Dispose();
        }
    }

    private static JsonObject Spec(JsonObject golden, string folder)
    {
        string method = (string)golden["method"]!;
        JsonObject spec = new()
        {
            ["model"] = "stories260K",
            ["dataset"] = "sst2",
            ["method"] = method,
            ["rank"] = (int)golden["rank"]!,
            ["alpha"] = (double)golden["alpha"]!,
            ["rankStabilized"] = (bool)golden["rsLora"]!,
            ["targetModules"] = golden["targetModules"]!.DeepClone(),
            ["learningRate"] = (double)golden["learningRateA"]!,
            ["learningRateB"] = method == "lora-plus" ? (double)golden["learningRateB"]! : null,
            ["trainSamples"] = (int?)golden["trainSamples"] ?? SmallRows,
            ["epochs"] = (int?)golden["epochs"] ?? 1,
            ["methodOptions"] = method switch
            {
                "lora-xs" => new JsonObject
                {
                    ["rInitStd"] = 0,
                    ["svd"] = "full",
                    ["sigmaPlacement"] = (string?)golden["sigmaPlacement"] ?? "input",
                },
                "pissa" => new JsonObject { ["svd"] = "full" },
                _ => [],
            },
        };
        AddProtocol(spec, golden);
        if (method is not ("lora-xs" or "pissa"))
        {
            spec["initFrom"] = folder;
        }

        return spec;
    }

    private string WriteSmallDataset()
    {
        const string Name = "sst2-first-rows";
        string[] train = File.ReadAllLines(Path.Combine(Fixtures.Sst2, "train.tsv"));
        string[] dev = File.ReadAllLines(Path.Combine(Fixtures.Sst2, "dev.tsv"));
        int[] order = NumpyRandom.Permutation(42, train.Length - 1);
        string folder = Path.Combine(_trainer.Value.Services.Configuration.DataDirectory, "datasets", Name);
        Directory.CreateDirectory(folder);
        File.WriteAllLines(
            Path.Combine(folder, "train.tsv"),
            [
                train[0],
                .. order.Take(RowsInFile).Select(row => train[row + 1]),
                .. order.Skip(CalibrationPlace).Take(CalibrationRows).Select(row => train[row + 1]),
            ]);
        File.WriteAllLines(Path.Combine(folder, "dev.tsv"), dev);
        return Name;
    }
}
