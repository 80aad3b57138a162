using System.Text;

namespace LoraLab.Training.Tasks.Completion.Metrics;

/// <summary>Compares a generated text with the reference of its row.</summary>
public static class TextMetrics
{
    /// <summary>1 if the texts are the same but for white space at their ends, else 0.</summary>
    public static double ExactMatch(string reference, string generated) =>
        reference.AsSpan().Trim().SequenceEqual(generated.AsSpan().Trim()) ? 1 : 0;

    /// <summary>
    /// ROUGE-L: the F-measure of the longest common subsequence of words (Lin 2004, https://aclanthology.org/W04-1013), as the Python
    /// package <c>rouge_score</c> computes it without a stemmer: words are runs of a to z and 0 to 9 of the text in lower case. 0 if either
    /// text has no word.
    /// </summary>
    public static double RougeL(string reference, string generated)
    {
        IReadOnlyList<string> expected = Words(reference), found = Words(generated);
        int common = LongestCommonSubsequence(expected, found);
        return common == 0 ? 0 : 2.0 * common / (expected.Count + found.Count);
    }

    /// <summary>
    /// 1 if the last numbers of both texts are the same, else 0; null if the reference has no number. A dollar sign and the commas between
    /// thousands do not count, and <c>1.50</c> is <c>1.5</c>.
    /// </summary>
    public static double? NumericMatch(string reference, string generated) => LastNumber.In(reference) is not LastNumber expected
        ? null
        : LastNumber.In(generated) == expected ? 1 : 0;

    private static List<string> Words(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        foreach (char unit in text.ToLowerInvariant().Append(' '))
        {
            if (unit is (>= 'a' and <= 'z') or (>= '0' and <= '9'))
            {
                word.Append(unit);
            }
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        return words;
    }

    private static int LongestCommonSubsequence(IReadOnlyList<string> one, IReadOnlyList<string> other)
    {
        int[] lengths = new int[other.Count + 1];
        foreach (string word in one)
        {
            int diagonal = 0;
            for (int j = 1; j <= other.Count; j++)
            {
                int above = lengths[j];
                lengths[j] = word == other[j - 1] ? diagonal + 1 : Math.Max(above, lengths[j - 1]);
                diagonal = above;
            }
        }

        return lengths[^1];
    }
}
