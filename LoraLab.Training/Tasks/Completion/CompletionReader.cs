using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Completion.Chat;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>Reads datasets for completion: prompts with completions, instructions, texts or conversations.</summary>
public static class CompletionReader
{
    /// <summary>Reads all splits of a dataset.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="RunFailure">A file or column is missing, or a row cannot be used; field <c>dataset</c>.</exception>
    public static CompletionDataset Read(string name, string folder, DatasetManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        CompletionColumns columns = CompletionColumns.Of(name, manifest);
        if (manifest.Prompt is string prompt)
        {
            CheckPrompt(name, prompt, columns);
        }

        RequestedColumn[] requested =
        [
            .. columns.Columns.Select(column =>
                new RequestedColumn(Key(columns, column.Name), column.Column, Kind(columns, column.Name))),
        ];
        RawSplit[] splits = [.. manifest.Files.Select(file => RawSplit.Read(name, folder, manifest, file, requested))];
        foreach (RawSplit split in splits)
        {
            Check(split, columns);
        }

        splits = [.. splits.Select(split => split.Sound())];
        RawSplit.Require(name, splits);
        RawSplit? eval = manifest.Eval is null ? null : splits[1];
        RawSplit? held = manifest.Selection?.File is null ? null : splits[^1];
        return new()
        {
            Name = name,
            Columns = columns,
            Prompt = manifest.Prompt,
            Metric = manifest.Metric,
            Train = Rows(splits[0], columns),
            Dev = eval is null ? [] : Rows(eval, columns),
            Held = held is null ? null : Rows(held, columns),
            SelectionRule = manifest.Selection ?? CompletionDataset.DefaultSelection,
            TrainSource = splits[0].Source,
            DevSource = eval?.Source,
            HeldSource = held?.Source,
            Warnings = [.. splits.Select(split => split.Warning).OfType<string>().Distinct()],
            Toy = manifest.Toy,
            Files = [.. splits.SelectMany(split => split.Files).DistinctBy(file => file.Name)],
        };
    }

    private static void CheckPrompt(string name, string prompt, CompletionColumns columns)
    {
        try
        {
            CompletionTemplate.Parse(prompt, columns);
        }
        catch (RunFailure problem)
        {
            throw RunFailure.BadData($"{DatasetManifest.FileName} of dataset '{name}': {problem.Message}", "dataset", problem);
        }
    }

    private static string Key(CompletionColumns columns, string column) => columns.Kind switch
    {
        CompletionKind.Messages => "messagesColumn",
        CompletionKind.Text => "textColumn",
        _ => column == columns.Completion ? "completionColumn" : column == columns.Prompt ? "promptColumn" : "columns",
    };

    private static ColumnKind Kind(CompletionColumns columns, string column) =>
        columns.Kind == CompletionKind.Messages ? ColumnKind.Scalar
        : column == columns.Completion || column == columns.Prompt ? ColumnKind.Text
        : ColumnKind.OptionalText;

    private static void Check(RawSplit split, CompletionColumns columns)
    {
        foreach (RawRow raw in split.Rows)
        {
            for (int i = 0; i < raw.Values.Length; i++)
            {
                CheckText(split.Problems, raw.Line, columns, i, raw.Values[i] ?? "");
            }

            if (columns.Kind == CompletionKind.Messages && !string.IsNullOrWhiteSpace(raw.Values[0])
                && Conversation.Read(raw.Values[0]!, out string? problem, out string? remedy) is null)
            {
                split.Problems.Add(raw.Line, problem!, remedy);
            }
        }
    }

    private static IReadOnlyList<CompletionRow> Rows(RawSplit split, CompletionColumns columns) =>
    [
        .. split.Rows.Select((raw, row) => new CompletionRow(
            row,
            Array.ConvertAll(raw.Values, text => text ?? ""),
            columns.Kind == CompletionKind.Messages ? Conversation.Read(raw.Values[0]!, out _, out _) : null)),
    ];

    private static void CheckText(RowProblems problems, int line, CompletionColumns columns, int column, string text)
    {
        string name = columns.Columns[column].Name;
        if (name == columns.Completion && text.AsSpan().IsWhiteSpace())
        {
            problems.Add(line, $"'{Excerpt.Of(name)}' is empty");
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(line, $"'{Excerpt.Of(name)}' has a NUL character", "remove it, or save the file as UTF-8 text");
        }
    }
}
