using System.Globalization;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Chooses one reading of the labels per file and reads them by it. A file whose labels have two readings with different meanings has that
/// of the dataset's other files if they have a single one; otherwise it is refused.
/// </summary>
/// <param name="manifest">The labels.</param>
internal sealed class LabelReader(DatasetManifest manifest)
{
    private const string OtherValues = "; a file has one kind of label, and \"labelValues\" in dataset.json can map any other values";

    /// <summary>Labels as a reading accepts them, for messages.</summary>
    public string Accepted(LabelReading reading) => reading switch
    {
        LabelReading.Values => $"the labels are {Excerpt.Of(manifest.LabelValues!.Keys)}",
        LabelReading.Positions => $"the labels are {Excerpt.Of(manifest.Labels.Select((word, i) => $"{i} ({word})"))}{OtherValues}",
        _ => $"the labels are {Excerpt.Of(manifest.Labels)}{OtherValues}",
    };

    /// <summary>Chooses the reading of each file.</summary>
    /// <param name="files">Name of each file in messages, and the different values of its labels.</param>
    /// <exception cref="RunFailure">The labels of a file are ambiguous; field <c>dataset</c>.</exception>
    public IReadOnlyList<LabelReading> Choose(IReadOnlyList<(string Name, IReadOnlyCollection<string> Values)> files)
    {
        if (manifest.LabelValues is not null)
        {
            return [.. files.Select(_ => LabelReading.Values)];
        }

        LabelReading?[] own = [.. files.Select(file => Only(file.Values))];
        LabelReading[] known = [.. own.OfType<LabelReading>().Distinct()];
        LabelReading[] chosen =
        [
            .. own.Select((reading, i) => reading ?? (known.Length == 1 ? known[0] : throw Ambiguous(files[i].Name, files[i].Values))),
        ];
        RequireOneMeaning(files, chosen);
        return chosen;
    }

    /// <summary>A value must not be a word in one file and another label's position in the next.</summary>
    private void RequireOneMeaning(IReadOnlyList<(string Name, IReadOnlyCollection<string> Values)> files, LabelReading[] chosen)
    {
        string[] inWords = Values(LabelReading.Words), asPositions = Values(LabelReading.Positions);
        if (inWords.Intersect(asPositions).FirstOrDefault(value => IndexOf(value) is int word && Position(value) is int position
            && word != position) is string value)
        {
            (int words, int positions) = (Array.IndexOf(chosen, LabelReading.Words), Array.IndexOf(chosen, LabelReading.Positions));
            throw RunFailure.BadData(
                $"{files[words].Name} has label words and {files[positions].Name} positions in 'labels' from 0, so '{Excerpt.Of(value)}' "
                    + "has different meanings in them; add \"labelValues\" to dataset.json, an object that gives the label word of each "
                    + "value, after making the files agree.",
                "dataset");
        }

        string[] Values(LabelReading reading) =>
            [.. files.Where((_, i) => chosen[i] == reading).SelectMany(file => file.Values).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Returns the index of a label; null if the reading does not accept it.</summary>
    public int? Read(string value, LabelReading reading) => reading switch
    {
        LabelReading.Values => manifest.LabelValues!.TryGetValue(value, out string? word) ? IndexOf(word) : null,
        LabelReading.Positions => Position(value),
        _ => IndexOf(value),
    };

    /// <summary>Returns the reading of some labels with the fewest problems; null if there are two with different meanings.</summary>
    private LabelReading? Only(IReadOnlyCollection<string> values)
    {
        int words = values.Count(value => IndexOf(value) is not null);
        int positions = values.Count(value => Position(value) is not null);
        if (words == values.Count && positions == values.Count)
        {
            return values.All(value => IndexOf(value) == Position(value)) ? LabelReading.Words : null;
        }

        return words > positions || (words == positions && !values.Any(IsWhole)) ? LabelReading.Words : LabelReading.Positions;
    }

    private RunFailure Ambiguous(string name, IReadOnlyCollection<string> values) => RunFailure.BadData(
        $"{name}: the labels {Excerpt.Of(values.Order(StringComparer.Ordinal))} can be label words or positions in 'labels' from 0, with "
            + "different meanings; add \"labelValues\" to dataset.json, an object that gives the label word of each value.",
        "dataset");

    private int? IndexOf(string word)
    {
        for (int i = 0; i < manifest.Labels.Count; i++)
        {
            if (string.Equals(manifest.Labels[i], word, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return null;
    }

    private int? Position(string value) => Whole(value) is int index && index < manifest.Labels.Count ? index : null;

    private static bool IsWhole(string value) => Whole(value) is not null;

    /// <summary>Parses a whole number; programs that know only floating-point columns write 1 as 1.0.</summary>
    private static int? Whole(string value)
    {
        int point = value.IndexOf('.', StringComparison.Ordinal);
        ReadOnlySpan<char> digits = point > 0 && value.AsSpan(point + 1).Trim('0').IsEmpty ? value.AsSpan(0, point) : value;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }
}
