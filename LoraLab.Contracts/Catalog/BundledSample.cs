namespace LoraLab.Contracts.Catalog;

/// <summary>The models and datasets that are bundled: toys, whose results say nothing about methods.</summary>
public static class BundledSample
{
    /// <summary>Name of the bundled model and of the first bundled dataset.</summary>
    public const string Name = "sample";

    /// <summary>Names of the small bundled datasets: four labels, pairs of texts, instructions.</summary>
    public static IReadOnlyList<string> SmallDatasets { get; } = ["sample-topics", "sample-pairs", "sample-instructions"];

    /// <summary>Whether a run of a model on a dataset is one of a toy.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="dataset">Name of the dataset.</param>
    public static bool IsUsedBy(string? model, string? dataset) =>
        model == Name || dataset == Name || SmallDatasets.Contains(dataset, StringComparer.Ordinal);
}
