using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>The columns of a dataset for completion, and what they mean.</summary>
/// <param name="Kind">Layout of the rows.</param>
/// <param name="Columns">The columns in the order of the values of a row, with the names that rows are shown with.</param>
/// <param name="Completion">Name of the column that the model learns to write: the completion, the text or the messages.</param>
/// <param name="Prompt">Name of the column that is the prompt; null: a template makes it of other columns, or there is none.</param>
public sealed record CompletionColumns(
    CompletionKind Kind, IReadOnlyList<TextColumn> Columns, string Completion, string? Prompt)
{
    private const string PromptName = "prompt";
    private const string Instruction = "instruction";
    private const string Output = "output";
    private const string TextName = "text";
    private const string MessagesName = "messages";

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Names => [.. Columns.Select(column => column.Name)];

    /// <summary>Names that a template may contain: those of the columns, and what they mean.</summary>
    internal IEnumerable<string> TemplateNames =>
        Names.Append(CompletionTemplate.Completion).Concat(Prompt is null ? [] : [PromptName]).Distinct();

    /// <summary>Prompt of runs that name none; null: there is no obvious one.</summary>
    public string? DefaultPrompt => Kind switch
    {
        CompletionKind.Text => $"{{{TextName}}}",
        CompletionKind.Messages => null,
        _ when Prompt is not null => "{prompt}{completion}",
        _ when Names.Contains(Instruction) => CompletionTemplate.Alpaca,
        _ when Columns.Count == 2 => $"{{{Columns[0].Name}}}{{completion}}",
        _ => null,
    };

    /// <summary>The columns of a manifest.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="RunFailure">It names the columns of no layout, or of several; field <c>dataset</c>.</exception>
    internal static CompletionColumns Of(string name, DatasetManifest manifest)
    {
        (string Key, Column? Column)[] layouts =
        [
            ("messagesColumn", manifest.MessagesColumn), ("textColumn", manifest.TextColumn),
            ("completionColumn", manifest.CompletionColumn ?? manifest.PromptColumn),
        ];
        (string Key, Column? Column)[] given = [.. layouts.Where(layout => layout.Column is not null)];
        if (given.Length > 1 || (given is [{ Key: not "completionColumn" }] && manifest.Columns is not null))
        {
            string other = given.Length > 1 ? given[1].Key : "columns";
            throw Problem(name, $"'{given[0].Key}' excludes '{other}'; keep the one that the rows have");
        }

        return manifest.MessagesColumn is not null
            ? new(CompletionKind.Messages, [new(MessagesName, manifest.MessagesColumn)], MessagesName, null)
            : manifest.TextColumn is not null
                ? new(CompletionKind.Text, [new(TextName, manifest.TextColumn)], TextName, null)
                : Prompted(name, manifest);
    }

    /// <summary>What a name in a template means: <c>completion</c> and <c>prompt</c> stand for columns with other names.</summary>
    internal string Meaning(string templateName) => templateName == Completion ? CompletionTemplate.Completion
        : templateName == Prompt ? PromptName
        : templateName;

    /// <summary>A template with <c>{completion}</c> and, for the other columns, the names that rows are shown with.</summary>
    internal string WithNames(string template)
    {
        string named = Prompt is null ? template : template.Replace($"{{{PromptName}}}", $"{{{Prompt}}}", StringComparison.Ordinal);
        return named.Replace($"{{{Completion}}}", $"{{{CompletionTemplate.Completion}}}", StringComparison.Ordinal);
    }

    /// <summary>The values of a row by the names that a template has for them.</summary>
    internal IReadOnlyDictionary<string, string> Values(CompletionRow row) =>
        Columns.Select((column, i) => (Meaning(column.Name), row.Texts[i])).ToDictionary(value => value.Item1, value => value.Item2);

    private static CompletionColumns Prompted(string name, DatasetManifest manifest)
    {
        List<TextColumn> columns = [.. manifest.Columns ?? []];
        bool hasPrompt = manifest.PromptColumn is not null || manifest.Columns is null;
        string? completion = columns.Find(column => column.Name is Output)?.Name;
        if (manifest.CompletionColumn is not null || completion is null)
        {
            if (columns.Count > 0 && manifest.CompletionColumn is null)
            {
                throw Problem(name, "'completionColumn' is missing; name the column that the model learns to write");
            }

            completion = CompletionTemplate.Completion;
            columns.Add(new(completion, manifest.CompletionColumn ?? new(completion)));
        }

        if (hasPrompt)
        {
            columns.Insert(0, new(PromptName, manifest.PromptColumn ?? new(PromptName)));
        }

        TextColumn last = columns.Find(column => column.Name == completion)!;
        CompletionColumns found = new(
            CompletionKind.Prompted,
            [.. columns.Select(InFile)],
            InFile(last).Name,
            hasPrompt ? InFile(columns[0]).Name : null);
        if (found.Names.Select(found.Meaning).Distinct().Count() != columns.Count)
        {
            throw Problem(name, "two columns have the same name; give those in 'columns' others, {\"name\": \"column\"}");
        }

        return found.DefaultPrompt is not null || manifest.Prompt is not null
            ? found
            : throw Problem(
                name, "several columns make the prompt, so it needs a template; add \"prompt\" with columns in braces and {completion}");

        // 'columns' has names of its own; the others have those of the files.
        TextColumn InFile(TextColumn column) =>
            column.Column.Number is null && TextColumn.IsName(column.Column.Name) && manifest.Columns?.Contains(column) != true
                ? column with { Name = column.Column.Name }
                : column;
    }

    private static RunFailure Problem(string name, string problem) =>
        RunFailure.BadData($"{DatasetManifest.FileName} of dataset '{name}': {problem}.", "dataset");
}
