using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// The selection split: rows of the training file that the run does not train on, held out to select hyper-parameters. SST-2's
/// training rows are sub-phrases of one another, so a candidate that shares a word 5-gram with a training row is excluded; of a shorter
/// text, all words count as one.
/// </summary>
internal static class SelectionSplit
{
    private const int NgramLength = 5;

    /// <summary>Selects the first qualifying rows of <paramref name="candidates"/> in their order, equally many per label.</summary>
    public static IReadOnlyList<LabeledSentence> Select(
        ClassificationDataset data, IEnumerable<LabeledSentence> training, IEnumerable<LabeledSentence> candidates)
    {
        SelectionRule rule = data.SelectionRule;
        HashSet<string> seen = [.. training.SelectMany(row => Ngrams(Words(row.Sentence)))];
        int quota = SelectionRule.MaxRows / data.Labels.Count;
        int[] counts = new int[data.Labels.Count];
        List<LabeledSentence> selected = [];
        foreach (LabeledSentence row in candidates)
        {
            if (counts[row.Label] == quota)
            {
                continue;
            }

            string[] words = Words(row.Sentence);
            if (words.Length >= rule.MinWords && !Ngrams(words).Any(seen.Contains))
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
                    + $"too few of the remaining rows have at least {rule.MinWords} words and no {NgramLength} consecutive words in common "
                    + "with a training row; lower trainSamples, set evalSplit to \"dev\", or set \"selection\" in dataset.json to a file "
                    + "of held-out rows or to lower minWords and minRows.",
                "evalSplit");
        }

        int[] kept = new int[data.Labels.Count];
        return [.. selected.Where(row => kept[row.Label]++ < perLabel)];
    }

    private static string[] Words(string sentence) => sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Ngrams(string[] words)
    {
        if (words.Length < NgramLength)
        {
            yield return string.Join(' ', words);
        }

        for (int i = 0; i + NgramLength <= words.Length; i++)
        {
            yield return string.Join(' ', words, i, NgramLength);
        }
    }
}
