using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tasks.Completion;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>
/// Chooses evaluation rows where an upload has no file of them: of each label a tenth, at least one of several, in the order of NumPy's
/// permutation of a seed. Rows of the same text stay together, so that no evaluation row is trained on.
/// </summary>
internal static class EvaluationSplit
{
    private const int Tenth = 10;
    private const int MaximumRows = 1000;

    /// <summary>Returns the rows, from 0, that are evaluated.</summary>
    /// <param name="dataset">The dataset, all of whose rows are training rows.</param>
    /// <param name="seed">Seed of the permutation.</param>
    public static IReadOnlySet<int> Choose(Dataset dataset, int seed)
    {
        int[] labels = dataset switch
        {
            ClassificationDataset labeled => [.. labeled.Train.Select(row => row.Label)],
            CompletionDataset texts => new int[texts.Train.Count],
            _ => [],
        };
        SameTexts same = new(dataset switch
        {
            ClassificationDataset labeled => labeled.Train.Select(row => Key(row.Texts)),
            CompletionDataset texts => texts.Train.Select(row => Key(row.Texts)),
            _ => [],
        });
        int[] perLabel = new int[labels.Length == 0 ? 0 : labels.Max() + 1];
        foreach (int label in labels)
        {
            perLabel[label]++;
        }

        int[] wanted = [.. perLabel.Select(count => count < 2
            ? 0
            : (int)Math.Clamp(Math.Round(Math.Min(count / (double)Tenth, (double)MaximumRows * count / labels.Length)), 1, count - 1))];
        HashSet<int> chosen = [];
        int[] taken = new int[perLabel.Length];
        foreach (int row in NumpyRandom.Permutation(seed, labels.Length))
        {
            int label = labels[row];
            if (taken[label] < wanted[label] && !chosen.Contains(row) && taken[label] + same.CountOf(row) <= wanted[label])
            {
                foreach (int other in same.Of(row))
                {
                    chosen.Add(other);
                    taken[labels[other]]++;
                }
            }
        }

        return chosen;
    }

    /// <summary>Writes the two parts of a file as files of their own.</summary>
    /// <param name="file">The file.</param>
    /// <param name="lines">First line of each row.</param>
    /// <param name="evaluated">The rows that are evaluated.</param>
    /// <param name="train">Path of the training rows.</param>
    /// <param name="eval">Path of the evaluation rows.</param>
    public static void Write(UploadedFile file, IReadOnlyList<int> lines, IReadOnlySet<int> evaluated, string train, string eval)
    {
        DurableFile.WriteLines(train, Part(file, lines, row => !evaluated.Contains(row)));
        DurableFile.WriteLines(eval, Part(file, lines, evaluated.Contains));
    }

    /// <summary>The header, and the lines of some rows; a row in quotation marks may have several.</summary>
    private static IEnumerable<string> Part(UploadedFile file, IReadOnlyList<int> lines, Func<int, bool> isPart)
    {
        int row = -1;
        bool hasHeader = file.HasHeader && file.Delimiter is not null;
        foreach ((int number, string line) in file.Text().AllLines())
        {
            while (row + 1 < lines.Count && lines[row + 1] <= number)
            {
                row++;
            }

            if (row < 0 ? hasHeader : isPart(row))
            {
                yield return line;
            }
        }
    }

    private static string Key(IEnumerable<string> texts) => string.Join('\u001f', texts.Select(text => text.Trim()));
}
