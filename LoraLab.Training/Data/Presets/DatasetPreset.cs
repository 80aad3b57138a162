using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Training.Data.Presets;

/// <summary>
/// A published dataset: the layouts in which its files are published, and how its task is posed. <c>{"preset": NAME}</c> in
/// <c>dataset.json</c> stands for the manifest that <see cref="DatasetPresets.Resolve"/> makes of it.
/// </summary>
internal sealed record DatasetPreset
{
    /// <summary>Name in <c>dataset.json</c>, and of the dataset that <c>pull</c> downloads.</summary>
    public required string Name { get; init; }

    /// <summary>What its rows are, as a noun phrase.</summary>
    public required string Rows { get; init; }

    /// <summary>Paper and site where it was published.</summary>
    public required string Source { get; init; }

    /// <summary>Id of the task.</summary>
    public string Task { get; init; } = TaskDescriptors.Classification.Id;

    /// <summary>Label words in the order of the numbers in its Parquet files; empty in other tasks.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Prompt of runs that name none; null: that of the task for the columns.</summary>
    public string? Prompt { get; init; }

    /// <summary>Key of the metric that its authors report, the first where there are several.</summary>
    public string Metric { get; init; } = MetricKeys.EvalAccuracy;

    /// <summary>Its layouts; of two that have the same format, a folder with the files of both has the first.</summary>
    public required IReadOnlyList<PresetLayout> Layouts { get; init; }

    /// <summary>Repository on the Hugging Face Hub, from which <c>pull</c> downloads it.</summary>
    public required string Repository { get; init; }

    /// <summary>Branch of the repository that has the files.</summary>
    public string Branch { get; init; } = "main";

    /// <summary>The manifest of one of its layouts in a folder.</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="train">Training files, relative to the folder.</param>
    /// <param name="eval">Evaluation files, relative to the folder; null: none.</param>
    public DatasetManifest Manifest(PresetLayout layout, string train, string? eval) => layout.Manifest with
    {
        Preset = Name,
        Task = Task,
        Train = train,
        Eval = eval,
        Labels = Labels.Count > 0 ? Labels : layout.Manifest.Labels,
        Prompt = Prompt,
        LeavesOutBroken = true,
        Metric = Metric,
    };
}
