using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data.Presets;
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

    /// <summary>Fewest and most labels.</summary>
    public const int MinLabels = 2, MaxLabels = 200;

    private const string Sentence = "sentence";

    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        Converters = { new WholeNumberConverter() },
    };

    private static readonly string[] _keys =
        [.. typeof(DatasetManifest).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))];

    /// <summary>Id of the task: <c>classification</c> or <c>completion</c>.</summary>
    public string Task { get; init; } = TaskDescriptors.Classification.Id;

    /// <summary>A published data set, whose files have their published names and layout; null: the other members describe them.</summary>
    public string? Preset { get; init; }

    /// <summary>Training file in the dataset's folder; with <c>*</c> in its name, all files of such a name, in their order.</summary>
    public string Train { get; init; } = "train.tsv";

    /// <summary>
    /// Evaluation file in the dataset's folder, as <see cref="Train"/>; null, which the task must allow: there is none, and the rows after
    /// the training rows in the permutation are evaluated.
    /// </summary>
    public string? Eval { get; init; } = "dev.tsv";

    /// <summary>
    /// <c>csv</c> (RFC 4180), <c>tsv</c> (no quoting, as in GLUE), <c>jsonl</c>, <c>json</c> (an array of objects) or <c>parquet</c>; null:
    /// by each file's extension.
    /// </summary>
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

    /// <summary>Column or JSON key of the text, where it is the only one; a prompt names it <c>sentence</c>.</summary>
    public Column SentenceColumn { get; init; } = new(Sentence);

    /// <summary>Text columns that a prompt may name; null: only <see cref="SentenceColumn"/>.</summary>
    [JsonConverter(typeof(TextColumnsConverter))]
    public IReadOnlyList<TextColumn>? Columns { get; init; }

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

    /// <summary>Prompt of runs that name none; null: that of the task for these columns.</summary>
    public string? Prompt { get; init; }

    /// <summary>
    /// The metric by which its runs are compared: a key, such as <c>eval/mcc</c>, or what is behind the slash; null: that of the task.
    /// </summary>
    public string? Metric { get; init; }

    /// <summary>Completion: column or JSON key of the prompt; null: not this layout.</summary>
    public Column? PromptColumn { get; init; }

    /// <summary>Completion: column or JSON key of the text that follows the prompt; null: not this layout.</summary>
    public Column? CompletionColumn { get; init; }

    /// <summary>Completion: column or JSON key of a text without a prompt; null: not this layout.</summary>
    public Column? TextColumn { get; init; }

    /// <summary>Completion: JSON key of a conversation, an array of objects with role and content; null: not this layout.</summary>
    public Column? MessagesColumn { get; init; }

    /// <summary>Settings with which a first run of the dataset is useful; null: the defaults.</summary>
    public JsonObject? Run { get; init; }

    /// <summary>True for a toy dataset, whose results say nothing about methods.</summary>
    public bool Toy { get; init; }

    /// <summary>The text columns that a prompt may name.</summary>
    internal IReadOnlyList<TextColumn> Texts => Columns ?? [new TextColumn(Sentence, SentenceColumn)];

    /// <summary>Files of the dataset, the training file first; their names may have <c>*</c> (<see cref="DataFiles"/>).</summary>
    internal IReadOnlyList<string> Files => [.. new[] { Train, Eval, Selection?.File }.OfType<string>()];

    /// <summary>Whether the files are encoded in ISO 8859-1 instead of UTF-8.</summary>
    internal bool IsLatin1 { get; init; }

    /// <summary>Whether broken rows are left out with a warning instead of refused, as published files have some.</summary>
    internal bool LeavesOutBroken { get; init; }

    /// <summary>Turns the fields of a line into those of a row; null: they are the same.</summary>
    internal Func<string[], string[]>? Recast { get; init; }

    /// <summary>
    /// Reads and validates the manifest of a folder, the GLUE layout if the file does not exist, and finds the files of its preset.
    /// </summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="RunFailure">The manifest is invalid, or the files of its preset are missing; field <c>dataset</c>.</exception>
    public static DatasetManifest Load(string name, string folder) => DatasetPresets.Resolve(name, folder, Read(name, folder));

    /// <summary>Reads and validates the manifest of a folder alone: of a preset, its name is all there is.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="RunFailure">The manifest is invalid; field <c>dataset</c>.</exception>
    internal static DatasetManifest Read(string name, string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return new DatasetManifest();
        }

        DatasetManifest manifest = Checked(
            name, () => JsonSerializer.Deserialize<DatasetManifest>(JsonFile.Read(path).Span, _options));
        if (manifest.Preset is not null)
        {
            DatasetPresets.RequireAlone(name, path);
        }

        return manifest;
    }

    /// <summary>Reads and validates a manifest that is not in a file yet.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="manifest">The manifest, which names no preset.</param>
    /// <exception cref="RunFailure">The manifest is invalid; field <c>dataset</c>.</exception>
    internal static DatasetManifest Parse(string name, JsonObject manifest) =>
        Checked(name, () => manifest.Deserialize<DatasetManifest>(_options));

    private static DatasetManifest Checked(string name, Func<DatasetManifest?> read)
    {
        DatasetManifest manifest;
        try
        {
            manifest = read() ?? throw new JsonException("it is null");
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

        ManifestCheck check = new(name, manifest);
        check.Run();
        return manifest with { Metric = check.MetricKey() };
    }

    /// <summary>Whether the values of a file have names alone, and not places in a line.</summary>
    internal bool HasKeys(string file) => FormatOf(file) is "jsonl" or "json" or "parquet";

    /// <summary>Returns the format of one of the files.</summary>
    internal string FormatOf(string file) => Format ?? Path.GetExtension(file).TrimStart('.').ToLowerInvariant();

    /// <summary>Returns the character between the fields of one of the files.</summary>
    internal char DelimiterOf(string file) => Delimiter?[0] ?? (FormatOf(file) == "csv" ? ',' : '\t');

    /// <summary>Returns whether the fields of one of the files may be in quotation marks.</summary>
    internal bool HasQuoting(string file) => Quoting ?? FormatOf(file) == "csv";
}
