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
        (string Text, int Label)[] rows = dataset switch
        {
            ClassificationDataset labeled => [.. labeled.Train.Select(row => (Key(row.Texts), row.Label))],
            CompletionDataset texts => [.. texts.Train.Select(row => (Key(row.Texts), 0))],
            _ => [],
        };
        ILookup<string, int> byText = rows.Index().ToLookup(row => row.Item.Text, row => row.Index);
        int[] perLabel = new int[rows.Length == 0 ? 0 : rows.Max(row => row.Label) + 1];
        foreach ((_, int label) in rows)
        {
            perLabel[label]++;
        }

        int[] wanted = [.. perLabel.Select(count => count < 2
            ? 0
            : (int)Math.Clamp(Math.Round(Math.Min(count / (double)Tenth, (double)MaximumRows * count / rows.Length)), 1, count - 1))];
        HashSet<int> chosen = [];
        int[] taken = new int[perLabel.Length];
        foreach (int row in NumpyRandom.Permutation(seed, rows.Length))
        {
            (string text, int label) = rows[row];
            int[] same = [.. byText[text]];
            if (!chosen.Contains(row) && taken[label] + same.Length <= wanted[label])
            {
                chosen.UnionWith(same);
                foreach (int other in same)
                {
                    taken[rows[other].Label]++;
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
        foreach ((int number, string line) in NumberedLines(file.Text))
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

    /// <summary>All lines, empty ones too: they may be inside a row.</summary>
    private static IEnumerable<(int Number, string Line)> NumberedLines(string text)
    {
        char separator = text.Contains('\n', StringComparison.Ordinal) ? '\n' : '\r';
        int number = 0;
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf(separator, start);
            int stop = end < 0 ? text.Length : end;
            yield return (++number, text[start..(stop > start && text[stop - 1] == '\r' ? stop - 1 : stop)]);
            start = end < 0 ? text.Length : end + 1;
        }
    }

    private static string Key(IEnumerable<string> texts) => string.Join('\u001f', texts.Select(text => text.Trim()));
}
