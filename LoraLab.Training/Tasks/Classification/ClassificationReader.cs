using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Reads datasets of labeled sentences in the GLUE layout, or in CSV, TSV and JSONL files described by a <see cref="DatasetManifest"/>.
/// </summary>
public static class ClassificationReader
{
    /// <summary>Reads both splits of a dataset.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <exception cref="RunFailure">A file, column or label is missing, a label is unknown, a split is empty, or the encoding is
    /// wrong.</exception>
    public static ClassificationDataset Read(string name, string folder) => Read(name, folder, DatasetManifest.Load(name, folder));

    /// <summary>Reads both splits of a dataset whose manifest has been read.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="RunFailure">A file, column or label is missing, a label is unknown, a split is empty, or the encoding is
    /// wrong.</exception>
    internal static ClassificationDataset Read(string name, string folder, DatasetManifest manifest)
    {
        RawSplit[] splits = [.. manifest.Files.Select(file => ReadSplit(name, folder, manifest, file))];
        LabelReader labels = new(manifest);
        IReadOnlyList<LabelReading> readings = labels.Choose([.. splits.Select(split => (split.DisplayName, split.LabelValues))]);
        IReadOnlyList<LabeledSentence>[] rows = [.. splits.Select((split, i) => Label(split, labels, readings[i]))];
        string[] problems = [.. splits.Select(split => split.Problems.Message).OfType<string>()];
        if (problems.Length > 0)
        {
            throw RunFailure.BadData(string.Join(' ', problems), "dataset");
        }

        if (Array.FindIndex(rows, split => split.Count == 0) is int empty and >= 0)
        {
            throw RunFailure.BadData($"Dataset '{name}' is empty: {Excerpt.Of(splits[empty].File)} has no rows.", "dataset");
        }

        return new ClassificationDataset
        {
            Name = name,
            Labels = manifest.Labels,
            Train = rows[0],
            Dev = rows[1],
            Held = rows.ElementAtOrDefault(2),
            SelectionRule = manifest.Selection ?? SelectionRule.Default,
            Sources = [.. splits.Select(split => new SplitSource(split.File, [.. split.Rows.Select(row => row.Line)]))],
            Warnings = [.. splits.Select(split => split.Warning).OfType<string>().Distinct()],
            Toy = manifest.Toy,
            Files = [.. splits.DistinctBy(split => split.File).Select(split => new DatasetFile(split.File, split.Sha256))],
        };
    }

    private static RawSplit ReadSplit(string name, string folder, DatasetManifest manifest, string file)
    {
        string path = Path.Combine(folder, file);
        if (!File.Exists(path))
        {
            throw RunFailure.BadData($"Dataset '{name}' has no file {Excerpt.Of(file)}; add it to {folder}.", "dataset");
        }

        string displayName = $"{name}/{Excerpt.Of(file)}";
        RowProblems problems = new(displayName);
        RowReader reader = new(manifest, file, displayName, problems);
        List<RawRow> rows = [.. reader.Read(TextFile.Read(path, displayName, out string sha256))];
        bool asksForQuotes = manifest.Quoting is null && !manifest.HasQuoting(file) && manifest.FormatOf(file) != "jsonl";
        return new(file, displayName, rows, problems, sha256, asksForQuotes ? WrittenQuotes.Warning(displayName, rows) : null);
    }

    private static List<LabeledSentence> Label(RawSplit split, LabelReader labels, LabelReading reading)
    {
        List<LabeledSentence> rows = [];
        foreach (RawRow raw in split.Rows)
        {
            string value = raw.Label?.Trim() ?? "";
            int? label = value.Length == 0 ? null : labels.Read(value, reading);
            if (raw.Sentence.AsSpan().IsWhiteSpace())
            {
                split.Problems.Add(raw.Line, "the sentence is empty");
            }

            if (raw.Sentence.Contains('\0', StringComparison.Ordinal))
            {
                split.Problems.Add(raw.Line, "the sentence has a NUL character", "remove it, or save the file as UTF-8 text");
            }

            if (value.Length == 0)
            {
                split.Problems.Add(raw.Line, "the row has no label");
            }
            else if (label is null)
            {
                split.Problems.Add(raw.Line, $"the label '{Excerpt.Of(value)}' is unknown", labels.Accepted(reading));
            }

            rows.Add(new LabeledSentence(rows.Count, raw.Sentence, label ?? 0));
        }

        return rows;
    }

    /// <summary>A file before its labels are read.</summary>
    private sealed record RawSplit(
        string File, string DisplayName, IReadOnlyList<RawRow> Rows, RowProblems Problems, string Sha256, string? Warning)
    {
        public IReadOnlyCollection<string> LabelValues =>
            [.. Rows.Select(row => row.Label?.Trim() ?? "").Where(value => value.Length > 0).Distinct(StringComparer.Ordinal)];
    }
}
