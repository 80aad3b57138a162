using System.Text.Json;
using System.Text.Json.Serialization;
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
    };

    /// <summary>Training file in the dataset's folder.</summary>
    public string Train { get; init; } = "train.tsv";

    /// <summary>Evaluation file in the dataset's folder.</summary>
    public string Eval { get; init; } = "dev.tsv";

    /// <summary><c>csv</c> (RFC 4180), <c>tsv</c> (no quoting, as in GLUE) or <c>jsonl</c>; null: by each file's extension.</summary>
    public string? Format { get; init; }

    /// <summary>Column or JSON key of the text.</summary>
    public string SentenceColumn { get; init; } = "sentence";

    /// <summary>Column or JSON key of the label.</summary>
    public string LabelColumn { get; init; } = "label";

    /// <summary>Label words in label order. A row's label is one of these words, or its index from 0.</summary>
    public IReadOnlyList<string> Labels { get; init; } = ["negative", "positive"];

    /// <summary>Label word by the value in the file, for example <c>{"neg": "negative"}</c>; if set, no other value is accepted.</summary>
    public IReadOnlyDictionary<string, string>? LabelValues { get; init; }

    /// <summary>True for a toy dataset, whose results say nothing about methods.</summary>
    public bool Toy { get; init; }

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
            manifest = JsonSerializer.Deserialize<DatasetManifest>(TextFile.Read(path, $"{name}/{FileName}", out _), _options)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException problem)
        {
            throw RunFailure.BadData($"{FileName} of dataset '{name}' cannot be read: {Excerpt.Of(problem.Message)}", "dataset", problem);
        }

        manifest.Check(name);
        return manifest;
    }

    /// <summary>Returns the format of one of the files.</summary>
    internal string FormatOf(string file) => Format ?? Path.GetExtension(file).TrimStart('.').ToLowerInvariant();

    private void Check(string name)
    {
        Require(name, Labels is { Count: >= 2 }, "'labels' must list at least two label words");
        Require(
            name,
            Labels.All(label => !string.IsNullOrWhiteSpace(label) && label == label.Trim()),
            "each of 'labels' must be a word without leading or trailing spaces");
        Require(name, Labels.Distinct(StringComparer.Ordinal).Count() == Labels.Count, "'labels' lists the same word twice");
        Require(name, !string.IsNullOrEmpty(SentenceColumn), "'sentenceColumn' is empty");
        Require(name, !string.IsNullOrEmpty(LabelColumn), "'labelColumn' is empty");
        foreach ((string raw, string label) in LabelValues ?? new Dictionary<string, string>())
        {
            Require(
                name,
                Labels.Contains(label),
                $"'labelValues' maps '{Excerpt.Of(raw)}' to '{Excerpt.Of($"{label}")}', which is not one of 'labels'");
        }

        foreach ((string key, string file) in new[] { ("train", Train), ("eval", Eval) })
        {
            Require(name, IsInside(file), $"'{key}' must name a file in the dataset's own folder; it is '{Excerpt.Of($"{file}")}'");
            Require(
                name,
                FormatOf(file) is "csv" or "tsv" or "jsonl",
                $"the format '{Excerpt.Of(FormatOf(file))}' of '{Excerpt.Of(file)}' is not supported; set 'format' to csv, tsv or jsonl");
        }
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
