using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>Checks that the training file has every label of the files to evaluate on: no run can learn one that it lacks.</summary>
internal static class TrainedLabels
{
    /// <summary>Checks the files of a dataset that is to be trained on.</summary>
    /// <exception cref="RunFailure">Rows to evaluate on have a label that no training row has; field <c>dataset</c>.</exception>
    public static void Require(ClassificationDataset dataset)
    {
        HashSet<int> trained = [.. dataset.Train.Select(row => row.Label)];
        foreach ((IReadOnlyList<LabeledRow> rows, int source) in new[] { (dataset.Dev, 1), (dataset.Held ?? [], 2) })
        {
            if (rows.FirstOrDefault(row => !trained.Contains(row.Label)) is LabeledRow first)
            {
                int[] same = [.. rows.Where(row => row.Label == first.Label).Select(row => row.Row)];
                throw RunFailure.BadData(
                    $"Dataset '{dataset.Name}': the label '{Excerpt.Of(dataset.Labels[first.Label])}' of "
                        + $"{SplitSource.Places(dataset.Sources[source], same)} is in no row of {dataset.Sources[0].File}, so that no run "
                        + "can learn it; add training rows with it, or remove those rows.",
                    "dataset");
            }
        }
    }
}
