using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>
/// The file <c>dataset.json</c>, which describes the files, columns and labels of a dataset. A folder without one has the GLUE layout:
/// <c>train.tsv</c> and <c>dev.tsv</c> with the columns <c>sentence</c> and <c>label</c>, 0 for negative and 1 for positive.
/// </summary>
public sealed record DatasetManifest
{
    /// <summary>Name of the manifest file.</summary>
    public const string FileName = "dataset.json";

    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        Converters = { new WholeNumberConverter() },
    };

    private static readonly string[] _keys =
        [.. typeof(DatasetManifest).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))];

    /// <summary>Training file in the dataset's folder.</summary>
    public string Train { get; init; } = "train.tsv";

    /// <summary>Evaluation file in the dataset's folder.</summary>
    public string Eval { get; init; } = "dev.tsv";

    /// <summary><c>csv</c> (RFC 4180), <c>tsv</c> (no quoting, as in GLUE) or <c>jsonl</c>; null: by each file's extension.</summary>
    public string? Format { get; init; }

    /// <summary>False if the first line of a table is a row; columns are then given by number.</summary>
    public bool Header { get; init; } = true;

    /// <summary>Character between the fields of a table; null: a comma in <c>csv</c>, a tab in <c>tsv</c>.</summary>
    public string? Delimiter { get; init; }

    /// <summary>
    /// True if fields may be in double quotation marks, as in RFC 4180, false if quotation marks are text; null: true for <c>csv</c>,
    /// false for <c>tsv</c>.
    /// </summary>
    public bool? Quoting { get; init; }

    /// <summary>Column or JSON key of the text.</summary>
    public Column SentenceColumn { get; init; } = new("sentence");

    /// <summary>Column or JSON key of the label.</summary>
    public Column LabelColumn { get; init; } = new("label");

    /// <summary>
    /// Label words in label order. The labels of a file are these words, or their indices from 0; a file in which both are possible, with
    /// different meanings, is refused.
    /// </summary>
    public IReadOnlyList<string> Labels { get; init; } = ["negative", "positive"];

    /// <summary>Label word by the value in the file, for example <c>{"neg": "negative"}</c>; if set, no other value is accepted.</summary>
    public IReadOnlyDictionary<string, string>? LabelValues { get; init; }

    /// <summary>The rows of the selection split; null: <see cref="SelectionRule.Default"/>.</summary>
    public SelectionRule? Selection { get; init; }

    /// <summary>True for a toy dataset, whose results say nothing about methods.</summary>
    public bool Toy { get; init; }

    /// <summary>Files of the dataset, the training file first.</summary>
    internal IReadOnlyList<string> Files => Selection?.File is string selection ? [Train, Eval, selection] : [Train, Eval];

    /// <summary>Reads and validates the manifest of a folder; the GLUE layout if the file does not exist.</summary>
    public static DatasetManifest Load(string name, string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return new DatasetManifest();
        }

        DatasetManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<DatasetManifest>(JsonFile.Read(path).Span, _options)
                ?? throw new JsonException("it is null");
        }
        catch (Exception problem) when (problem is InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"{FileName} of dataset '{name}' cannot be read: {Excerpt.Of(problem.Message)}", "dataset", problem);
        }
        catch (JsonException problem)
        {
            throw RunFailure.BadData(
                $"{FileName} of dataset '{name}' cannot be read: {Excerpt.Of(ManifestMessage.Of(problem, _keys))}",
                "dataset",
                problem);
        }

        manifest.Check(name);
        return manifest;
    }

    /// <summary>Returns the format of one of the files.</summary>
    internal string FormatOf(string file) => Format ?? Path.GetExtension(file).TrimStart('.').ToLowerInvariant();

    /// <summary>Returns the character between the fields of one of the files.</summary>
    internal char DelimiterOf(string file) => Delimiter?[0] ?? (FormatOf(file) == "csv" ? ',' : '\t');

    /// <summary>Returns whether the fields of one of the files may be in quotation marks.</summary>
    internal bool HasQuoting(string file) => Quoting ?? FormatOf(file) == "csv";

    private void Check(string name)
    {
        Require(name, Labels is { Count: >= 2 }, "'labels' must list at least two label words");
        Require(
            name,
            Labels.All(label => !string.IsNullOrWhiteSpace(label) && label == label.Trim()),
            "each of 'labels' must be a word without leading or trailing spaces");
        Require(name, Labels.Distinct(StringComparer.Ordinal).Count() == Labels.Count, "'labels' lists the same word twice");
        Require(
            name,
            Delimiter is null || (Delimiter.Length == 1 && !char.IsSurrogate(Delimiter[0]) && Delimiter[0] is not ('"' or '\r' or '\n')),
            $"'delimiter' must be a single character, such as \";\" or \"\\t\"; it is '{Excerpt.Of($"{Delimiter}")}'");
        CheckColumn(name, "sentenceColumn", SentenceColumn);
        CheckColumn(name, "labelColumn", LabelColumn);
        Require(
            name, LabelValues is not { Count: 0 }, "'labelValues' is empty; give the label word of each value in the files, or remove it");
        Require(
            name,
            Selection is null || Selection.MinRows <= SelectionRule.MaxRows / Labels.Count * Labels.Count,
            $"'selection' has minRows {Selection?.MinRows}, but the split has at most "
                + $"{SelectionRule.MaxRows / Labels.Count * Labels.Count} rows, equally many per label");
        foreach ((string raw, string label) in LabelValues ?? new Dictionary<string, string>())
        {
            Require(
                name,
                raw == raw.Trim() && raw.Length > 0,
                $"'labelValues' has the value '{Excerpt.Of(raw)}', but labels are read without the spaces around them; remove those");
            Require(
                name,
                Labels.Contains(label),
                $"'labelValues' maps '{Excerpt.Of(raw)}' to '{Excerpt.Of($"{label}")}', which is not one of 'labels'");
        }

        foreach ((string key, string file) in new[] { ("train", Train), ("eval", Eval), ("selection", Selection?.File ?? Eval) })
        {
            Require(name, IsInside(file), $"'{key}' must name a file in the dataset's own folder; it is '{Excerpt.Of($"{file}")}'");
            Require(
                name,
                FormatOf(file) is "csv" or "tsv" or "jsonl",
                $"the format '{Excerpt.Of(FormatOf(file))}' of '{Excerpt.Of(file)}' is not supported; "
                    + ManifestMessage.CureOf(FormatOf(file)));
        }
    }

    private void CheckColumn(string name, string key, Column column)
    {
        Require(name, !string.IsNullOrEmpty(column?.Name), $"'{key}' is empty");
        Require(name, column!.Number is not < 1, $"'{key}' is {column.Number}, but columns are counted from 1");
        Require(name, SentenceColumn != LabelColumn, "'sentenceColumn' and 'labelColumn' are the same; give each its own column");
        bool jsonLines = Files.Any(file => !string.IsNullOrEmpty(file) && FormatOf(file) == "jsonl");
        Require(
            name,
            !jsonLines || (column.Number is null && Header && Delimiter is null && Quoting is null),
            "a jsonl file has keys, so 'header', 'delimiter', 'quoting' and columns by number do not apply to it; remove them");
        Require(
            name,
            Header || column.AsNumber().Number is >= 1,
            $"'header' is false, so '{key}' must be the number of a column, the first of which is 1; it is '{Excerpt.Of(column.Name)}'");
    }

    private static bool IsInside(string? file) =>
        !string.IsNullOrWhiteSpace(file) && file.AsSpan().IndexOfAny("/\\:") < 0 && file is not ("." or "..");

    private static void Require(string name, bool holds, string problem)
    {
        if (!holds)
        {
            throw RunFailure.BadData($"{FileName} of dataset '{name}': {problem}.", "dataset");
        }
    }
}
