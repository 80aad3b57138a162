using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>
/// The file <c>dataset.json</c>: where a data set's rows are and what they mean. A folder without one is a GLUE folder:
/// <c>train.tsv</c> and <c>dev.tsv</c> with the columns <c>sentence</c> and <c>label</c>, 0 negative and 1 positive.
/// </summary>
public sealed record DatasetManifest
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "dataset.json";

    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    /// <summary>Training file, in the data set's folder.</summary>
    public string Train { get; init; } = "train.tsv";

    /// <summary>Evaluation file.</summary>
    public string Eval { get; init; } = "dev.tsv";

    /// <summary><c>csv</c> (RFC 4180), <c>tsv</c> (no quoting, as in GLUE) or <c>jsonl</c>; null: by each file's ending.</summary>
    public string? Format { get; init; }

    /// <summary>Column, or JSON key, of the text.</summary>
    public string SentenceColumn { get; init; } = "sentence";

    /// <summary>Column, or JSON key, of the label.</summary>
    public string LabelColumn { get; init; } = "label";

    /// <summary>Label words in label order. A row's label is one of these words, or its index from 0.</summary>
    public IReadOnlyList<string> Labels { get; init; } = ["negative", "positive"];

    /// <summary>What the file writes for each label word, for example <c>{"neg": "negative"}</c>; then nothing else is accepted.</summary>
    public IReadOnlyDictionary<string, string>? LabelValues { get; init; }

    /// <summary>True for a toy that proves nothing about methods.</summary>
    public bool Toy { get; init; }

    /// <summary>Reads and checks the manifest of a folder; the GLUE layout where there is none.</summary>
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
            manifest = JsonSerializer.Deserialize<DatasetManifest>(TextFile.Read(path, $"{name}/{FileName}", out _), _options) ?? throw new JsonException("it is null");
        }
        catch (JsonException problem)
        {
            throw RunFailure.BadData($"{FileName} of data set '{name}' cannot be read: {Excerpt.Of(problem.Message)}", "dataset", problem);
        }

        manifest.Check(name);
        return manifest;
    }

    /// <summary>The format of one of the files.</summary>
    internal string FormatOf(string file) => Format ?? Path.GetExtension(file).TrimStart('.').ToLowerInvariant();

    private void Check(string name)
    {
        Require(name, Labels is { Count: >= 2 }, "'labels' must name at least two label words");
        Require(name, Labels.All(label => !string.IsNullOrWhiteSpace(label) && label == label.Trim()), "'labels' must be words without spaces around them");
        Require(name, Labels.Distinct(StringComparer.Ordinal).Count() == Labels.Count, "'labels' names the same word twice");
        Require(name, !string.IsNullOrEmpty(SentenceColumn), "'sentenceColumn' is empty");
        Require(name, !string.IsNullOrEmpty(LabelColumn), "'labelColumn' is empty");
        foreach ((string raw, string label) in LabelValues ?? new Dictionary<string, string>())
        {
            Require(name, Labels.Contains(label), $"'labelValues' maps '{Excerpt.Of(raw)}' to '{Excerpt.Of($"{label}")}', which is not among 'labels'");
        }

        foreach ((string key, string file) in new[] { ("train", Train), ("eval", Eval) })
        {
            Require(name, IsInside(file), $"'{key}' must name a file in the data set's own folder, not '{Excerpt.Of($"{file}")}'");
            Require(name, FormatOf(file) is "csv" or "tsv" or "jsonl", $"the format of '{Excerpt.Of(file)}' is '{Excerpt.Of(FormatOf(file))}'; set 'format' to csv, tsv or jsonl");
        }
    }

    private static bool IsInside(string? file) =>
        !string.IsNullOrWhiteSpace(file) && file.AsSpan().IndexOfAny("/\\:") < 0 && file is not ("." or "..");

    private static void Require(string name, bool holds, string problem)
    {
        if (!holds)
        {
            throw RunFailure.BadData($"{FileName} of data set '{name}': {problem}.", "dataset");
        }
    }
}
