using LoraLab.Contracts;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// The selection split: rows of the training file that the run does not train on, held out to select hyper-parameters. SST-2's
/// training rows are sub-phrases of one another, so a candidate that shares a word 5-gram with a training row is excluded, whatever the
/// column; of a row whose texts are all shorter, all words count as one.
/// </summary>
internal static class SelectionSplit
{
    private const int NgramLength = 5;

    /// <summary>Selects the first qualifying rows of <paramref name="candidates"/> in their order, equally many per label.</summary>
    public static IReadOnlyList<LabeledRow> Select(
        ClassificationDataset data, IEnumerable<LabeledRow> training, IEnumerable<LabeledRow> candidates)
    {
        SelectionRule rule = data.SelectionRule;
        HashSet<string> seen = [.. training.SelectMany(Ngrams)];
        int quota = SelectionRule.MaxRows / data.Labels.Count;
        int[] counts = new int[data.Labels.Count];
        List<LabeledRow> selected = [];
        foreach (LabeledRow row in candidates)
        {
            if (counts[row.Label] == quota)
            {
                continue;
            }

            if (row.Texts.Sum(text => Words(text).Length) >= rule.MinWords && !Ngrams(row).Any(seen.Contains))
            {
                selected.Add(row);
                if (++counts[row.Label] == quota && counts.All(count => count == quota))
                {
                    break;
                }
            }
        }

        int perLabel = counts.Min();
        if (perLabel == 0 || perLabel * data.Labels.Count < rule.MinRows)
        {
            throw RunFailure.BadData(
                $"The selection split of dataset '{data.Name}' would have {perLabel * data.Labels.Count} rows, but needs {rule.MinRows}: "
                    + $"too few of the remaining rows have at least {NumberFormat.Count(rule.MinWords, "word")} and no "
                    + $"{NgramLength} consecutive words in common with a training row; lower trainSamples, "
                    + "set evalSplit to \"dev\", or set \"selection\" in dataset.json to a file "
                    + "of held-out rows or to lower minWords and minRows.",
                "evalSplit");
        }

        int[] kept = new int[data.Labels.Count];
        return [.. selected.Where(row => kept[row.Label]++ < perLabel)];
    }

    private static string[] Words(string sentence) => sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Ngrams(LabeledRow row)
    {
        string[][] texts = [.. row.Texts.Select(Words)];
        if (texts.All(words => words.Length < NgramLength))
        {
            yield return string.Join(" \n ", texts.Select(words => string.Join(' ', words)));
        }

        foreach (string[] words in texts)
        {
            for (int i = 0; i + NgramLength <= words.Length; i++)
            {
                yield return string.Join(' ', words, i, NgramLength);
            }
        }
    }
}
