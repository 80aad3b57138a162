using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Reads datasets of labeled texts in the GLUE layout, or in CSV, TSV and JSONL files described by a <see cref="DatasetManifest"/>.
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
        string[] columns = [.. manifest.Texts.Select(text => text.Name)];
        string? prompt = CheckedPrompt(name, manifest, columns);
        string key = manifest.Columns is null ? "sentenceColumn" : "columns";
        RequestedColumn[] requested =
        [
            .. manifest.Texts.Select(text => new RequestedColumn(key, text.Column)),
            new("labelColumn", manifest.LabelColumn, ColumnKind.Scalar),
        ];
        // A file may be both training and evaluation file, and a large one is read once.
        string[] files = [.. manifest.Files.Distinct(StringComparer.Ordinal)];
        int[] places = [.. manifest.Files.Select(file => Array.IndexOf(files, file))];
        RawSplit[] splits = [.. files.Select(file => RawSplit.Read(name, folder, manifest, file, requested))];
        LabelReader labels = new(manifest);
        IReadOnlyList<LabelReading> readings = labels.Choose([.. splits.Select(split => (split.DisplayName, LabelValues(split)))]);
        foreach ((int i, RawSplit split) in splits.Index())
        {
            Check(split, columns, labels, readings[i]);
        }

        splits = [.. splits.Select(split => split.Sound())];
        RawSplit.Require(name, splits);
        IReadOnlyList<LabeledRow>[] rows = [.. splits.Select((split, i) => Label(split, columns, labels, readings[i]))];
        ClassificationDataset dataset = new()
        {
            Name = name,
            Columns = columns,
            Prompt = prompt,
            Metric = manifest.Metric,
            Labels = manifest.Labels,
            Train = rows[places[0]],
            Dev = rows[places[1]],
            Held = places.Length > 2 ? rows[places[2]] : null,
            SelectionRule = manifest.Selection ?? SelectionRule.Default,
            Sources = [.. places.Select(place => splits[place].Source)],
            Warnings = [.. splits.Select(split => split.Warning).OfType<string>().Distinct()],
            Toy = manifest.Toy,
            Files = [.. splits.SelectMany(split => split.Files).DistinctBy(file => file.Name)],
        };
        if (dataset.Train.Count >= dataset.Labels.Count)
        {
            // One with fewer training rows may be there to be evaluated only; a run that trains on it is refused.
            dataset.RequireTrainable();
        }

        return dataset;
    }

    private static string? CheckedPrompt(string name, DatasetManifest manifest, string[] columns)
    {
        if (manifest.Prompt is string prompt)
        {
            try
            {
                PromptTemplate.Parse(prompt, columns);
            }
            catch (RunFailure problem)
            {
                throw RunFailure.BadData($"{DatasetManifest.FileName} of dataset '{name}': {problem.Message}", "dataset", problem);
            }
        }

        return manifest.Prompt;
    }

    private static string[] LabelValues(RawSplit split) =>
        [.. split.Rows.Select(row => row.Values[^1]?.Trim() ?? "").Where(value => value.Length > 0).Distinct(StringComparer.Ordinal)];

    private static void Check(RawSplit split, string[] columns, LabelReader labels, LabelReading reading)
    {
        foreach (RawRow raw in split.Rows)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                CheckText(
                    split.Problems, raw.Line, columns.Length == 1 ? "the sentence" : $"'{Excerpt.Of(columns[i])}'", raw.Values[i] ?? "");
            }

            string value = raw.Values[^1]?.Trim() ?? "";
            if (value.Length == 0)
            {
                split.Problems.Add(raw.Line, "the row has no label");
            }
            else if (labels.Read(value, reading) is null)
            {
                split.Problems.Add(raw.Line, $"the label '{Excerpt.Of(value)}' is unknown", labels.Accepted(reading));
            }
        }
    }

    private static LabeledRow[] Label(RawSplit split, string[] columns, LabelReader labels, LabelReading reading)
    {
        LabeledRow[] rows = new LabeledRow[split.Rows.Count];
        for (int row = 0; row < rows.Length; row++)
        {
            RawRow raw = split.Rows[row];
            string[] texts = raw.Values[..columns.Length]!;
            rows[row] = new(row, texts, labels.Read(raw.Values[^1]!.Trim(), reading)!.Value);
        }

        return rows;
    }

    private static void CheckText(RowProblems problems, int line, string subject, string text)
    {
        if (text.AsSpan().IsWhiteSpace())
        {
            problems.Add(line, $"{subject} is empty");
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(line, $"{subject} has a NUL character", "remove it, or save the file as UTF-8 text");
        }
    }
}
