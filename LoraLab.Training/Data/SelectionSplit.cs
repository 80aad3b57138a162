using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>
/// Evaluation rows for choosing hyper-parameters, taken from training rows that the run does not train on. SST-2's training
/// rows are sub-phrases of one another, so a candidate that shares five words in a row with a training row is left out.
/// </summary>
internal static class SelectionSplit
{
    private const int Rows = 872;
    private const int Fewest = 400;
    private const int FewestWords = 10;
    private const int GramLength = 5;

    /// <summary>The first rows of <paramref name="candidates"/> that qualify, the same number of each label, in their order.</summary>
    public static IReadOnlyList<LabeledSentence> Choose(ClassificationDataset data, IEnumerable<LabeledSentence> training, IEnumerable<LabeledSentence> candidates)
    {
        HashSet<string> seen = [.. training.SelectMany(row => Grams(Words(row.Sentence)))];
        int quota = Rows / data.Labels.Count;
        int[] found = new int[data.Labels.Count];
        List<LabeledSentence> taken = [];
        foreach (LabeledSentence row in candidates)
        {
            if (found[row.Label] == quota)
            {
                continue;
            }

            string[] words = Words(row.Sentence);
            if (words.Length >= FewestWords && !Grams(words).Any(seen.Contains))
            {
                taken.Add(row);
                if (++found[row.Label] == quota && found.All(count => count == quota))
                {
                    break;
                }
            }
        }

        int each = found.Min();
        if (each * data.Labels.Count < Fewest)
        {
            throw RunFailure.BadData(
                $"The selection split of data set '{data.Name}' would have {each * data.Labels.Count} rows, and {Fewest} are needed: too few rows beyond the training rows have {FewestWords} words "
                + $"and share no {GramLength} words in a row with them; lower 'trainSamples' or use 'evalSplit': 'dev'.",
                "evalSplit");
        }

        int[] kept = new int[data.Labels.Count];
        return [.. taken.Where(row => kept[row.Label]++ < each)];
    }

    private static string[] Words(string sentence) => sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Grams(string[] words)
    {
        for (int i = 0; i + GramLength <= words.Length; i++)
        {
            yield return string.Join(' ', words, i, GramLength);
        }
    }
}
