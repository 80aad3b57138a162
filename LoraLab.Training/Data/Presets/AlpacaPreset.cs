using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Training.Data.Presets;

/// <summary>
/// Stanford Alpaca (Taori et al. 2023), whose file is one JSON array; its prompt is the published one. No evaluation file.
/// </summary>
internal static class AlpacaPreset
{
    private static readonly DatasetManifest _columns = new() { Columns = GlueLayout.Named("instruction", "input", "output") };

    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "alpaca",
        Rows = "instructions, some with an input, and their answers",
        Source = "github.com/tatsu-lab/stanford_alpaca; Hub: tatsu-lab/alpaca",
        Task = TaskDescriptors.Completion.Id,
        Metric = MetricKeys.EvalLoss,
        Layouts =
        [
            new("alpaca_data.json", null, _columns with { Format = "json" }),
            new("train-*.parquet", null, _columns with { Format = "parquet" }, "data"),
        ],
        Repository = "tatsu-lab/alpaca",
    };
}
