using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>Checks that the training file has every label of the evaluation file: no run can learn one that it lacks.</summary>
internal static class TrainedLabels
{
    /// <summary>Checks the files of a dataset. One with fewer training rows than labels is there to be evaluated only.</summary>
    /// <exception cref="RunFailure">Evaluation rows have a label that no training row has; field <c>dataset</c>.</exception>
    public static void Require(ClassificationDataset dataset)
    {
        if (dataset.Train.Count < dataset.Labels.Count)
        {
            return;
        }

        HashSet<int> trained = [.. dataset.Train.Select(row => row.Label)];
        if (dataset.Dev.FirstOrDefault(row => !trained.Contains(row.Label)) is LabeledRow first)
        {
            int[] rows = [.. dataset.Dev.Where(row => row.Label == first.Label).Select(row => row.Row)];
            SplitSource training = dataset.Sources[0], evaluation = dataset.Sources[1];
            throw RunFailure.BadData(
                $"Dataset '{dataset.Name}': the label '{Excerpt.Of(dataset.Labels[first.Label])}' of "
                    + $"{SplitSource.Places(evaluation, rows)} is in no row of {training.File}, so that no run can learn it; "
                    + "add training rows with it, or remove those rows.",
                "dataset");
        }
    }
}
