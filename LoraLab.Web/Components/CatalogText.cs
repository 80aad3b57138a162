using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.Components;

/// <summary>One-line descriptions of models and datasets, below the fields that select them.</summary>
internal static class CatalogText
{
    private const int MaxLabels = 8;

    /// <summary>The size of a model, or why it cannot be used; null if it is not in the catalog.</summary>
    internal static string? Describe(ModelEntry? model) => model switch
    {
        null => null,
        { Usable: false, Problem: string problem } => problem,
        _ => $"{NumberFormat.Rounded(model.Parameters)} parameters, {NumberFormat.Count(model.Layers, "layer")}, "
            + $"hidden size {NumberFormat.Count(model.HiddenSize)}"
            + (model.Toy ? " (bundled toy)" : ""),
    };

    /// <summary>The rows and labels of a dataset, or why it cannot be used; null if it is not in the catalog.</summary>
    internal static string? Describe(DatasetEntry? dataset) => dataset switch
    {
        null => null,
        { Usable: false, Problem: string problem } => problem,
        _ => $"{NumberFormat.Count(dataset.TrainRows)} training and {NumberFormat.Count(dataset.EvalRows)} evaluation rows"
            + (dataset.Labels.Count > 0
                ? $"; labels: {Labels(dataset.Labels)}"
                : $"; {TaskDescriptors.Of(dataset.Task).Label.ToLowerInvariant()}"),
    };

    private static string Labels(IReadOnlyList<string> labels) => labels.Count > MaxLabels
        ? $"{string.Join(", ", labels.Take(MaxLabels))} and {labels.Count - MaxLabels} more"
        : string.Join(", ", labels);
}
