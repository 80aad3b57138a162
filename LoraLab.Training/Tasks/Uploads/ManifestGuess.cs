using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>Completes the manifest of an upload with what its files look like.</summary>
/// <param name="manifest">What the upload says; changed here.</param>
/// <param name="train">The training file.</param>
/// <param name="eval">The evaluation file; null: there is none.</param>
internal sealed class ManifestGuess(JsonObject manifest, UploadedFile train, UploadedFile? eval)
{
    private static readonly string[] _labels =
        ["label", "labels", "class", "category", "target", "sentiment", "intent", "topic", "gold_label", "y"];

    private static readonly string[] _texts =
    [
        "sentence", "text", "review", "content", "comment", "tweet", "message", "question", "utterance", "document", "body", "title",
    ];

    private static readonly string[][] _pairs =
    [
        ["premise", "hypothesis"], ["sentence1", "sentence2"], ["question1", "question2"], ["text1", "text2"], ["question", "sentence"],
    ];

    private static readonly string[][] _completions =
        [["prompt", "completion"], ["instruction", "output"], ["question", "answer"], ["input", "output"], ["source", "target"]];

    private static readonly string[] _layoutKeys =
        ["promptColumn", "completionColumn", "textColumn", "messagesColumn"];

    private bool IsCompletion => (string?)(manifest["task"] as JsonValue) == TaskDescriptors.Completion.Id;

    /// <summary>Whether columns of texts and labels often have this name.</summary>
    public static bool IsUsualName(string name) =>
        _labels.Concat(_texts).Any(usual => string.Equals(usual, name.Trim(), StringComparison.OrdinalIgnoreCase));

    /// <summary>Completes the manifest.</summary>
    /// <exception cref="RunFailure">The columns of the files do not say which is the label; field <c>manifest</c>.</exception>
    public void Complete()
    {
        DescribeFiles();
        bool hasColumns = manifest.ContainsKey("columns") || manifest.ContainsKey("sentenceColumn") || manifest.ContainsKey("labelColumn")
            || _layoutKeys.Any(manifest.ContainsKey);
        if (!hasColumns)
        {
            GuessColumns();
        }

        if (_layoutKeys.Any(manifest.ContainsKey))
        {
            manifest["task"] ??= TaskDescriptors.Completion.Id;
        }

        if (!IsCompletion)
        {
            CompleteLabels();
        }
    }

    private void DescribeFiles()
    {
        manifest["train"] = train.Name;
        manifest["eval"] = eval?.Name;
        if (train.Delimiter is not char delimiter)
        {
            return;
        }

        if (delimiter != (train.Format == "csv" ? ',' : '\t'))
        {
            manifest["delimiter"] ??= delimiter.ToString();
        }

        if (!train.HasHeader)
        {
            manifest["header"] ??= false;
        }
    }

    private void GuessColumns()
    {
        if (train.Columns.FirstOrDefault(column => column.HasLists && column.Name is "messages" or "conversations") is ColumnCount messages)
        {
            manifest["messagesColumn"] = messages.Name;
            return;
        }

        ColumnCount? label = Named(_labels).FirstOrDefault(column => column.CanBeLabel(DatasetManifest.MaxLabels));
        string[]? completion = label is null ? Array.Find(_completions, pair => Named(pair).Count() == pair.Length) : null;
        if (completion is not null)
        {
            GuessCompletion(completion);
            return;
        }

        label ??= train.Columns.Where(column => column.CanBeLabel(DatasetManifest.MaxLabels) && column.MeanLength <= 64)
            .OrderBy(column => column.Values.Count).ThenBy(column => column.MeanLength).FirstOrDefault();
        // One with the name of a label is meant as it; that its values are none is said about it then.
        label ??= Named(_labels).FirstOrDefault(column => !column.HasLists);
        ColumnCount[] others = [.. train.Columns.Where(column => column != label && !column.HasLists)];
        if (label is null || others.Length == 0)
        {
            throw RunFailure.BadData(
                $"None of the columns {Excerpt.Of(train.Columns.Select(column => column.Name))} of {train.Name} looks like a label, which "
                    + $"has 2 to {DatasetManifest.MaxLabels} different values, each in several rows; choose the columns of text and "
                    + "label, or of prompt and completion.",
                "manifest");
        }

        string[]? pair = Array.Find(_pairs, pair => pair.All(name => others.Any(column => Is(column, name))));
        ColumnCount[] texts = pair is not null
            ? [.. pair.Select(name => others.First(column => Is(column, name)))]
            : [Named(_texts).FirstOrDefault(others.Contains) ?? others.MaxBy(column => column.MeanLength)!];
        SetTexts(texts);
        manifest["labelColumn"] = Reference(label);
    }

    private void GuessCompletion(string[] names)
    {
        ColumnCount prompt = Named([names[0]]).First(), completion = Named([names[1]]).First();
        manifest["completionColumn"] = Reference(completion);
        if (names[0] == "instruction")
        {
            // The template of Alpaca, which has an input that may be empty.
            manifest["columns"] = new JsonArray([.. Named(["instruction", "input"]).Select(column => (JsonNode)column.Name)]);
            return;
        }

        manifest["promptColumn"] = Reference(prompt);
        manifest["prompt"] ??= names[0] == "prompt" ? null : "{prompt}\n{completion}";
        if (manifest["prompt"] is null)
        {
            manifest.Remove("prompt");
        }
    }

    /// <summary>A single column with the default name needs no mention; a name that a prompt cannot have is replaced.</summary>
    private void SetTexts(ColumnCount[] texts)
    {
        if (texts is [{ Name: "sentence" }])
        {
            return;
        }

        if (texts.All(text => IsNamed(text) && TextColumn.IsName(text.Name)))
        {
            manifest["columns"] = new JsonArray([.. texts.Select(text => (JsonNode)text.Name)]);
            return;
        }

        JsonObject columns = [];
        foreach ((int i, ColumnCount text) in texts.Index())
        {
            columns[texts.Length == 1 ? "text" : $"text{i + 1}"] = Reference(text);
        }

        manifest["columns"] = columns;
    }

    /// <summary>The labels are the values of the label column, each its own word unless the upload says otherwise.</summary>
    private void CompleteLabels()
    {
        if (manifest.ContainsKey("labels"))
        {
            return;
        }

        ColumnCount? label = Find(manifest["labelColumn"] ?? "label");
        if (label is null)
        {
            return; // Reading the rows says that the column is missing.
        }

        SortedSet<string> values = new(label.Values, StringComparer.Ordinal);
        string key = label.Name;
        values.UnionWith(eval?.Columns.FirstOrDefault(column => column.Name == key)?.Values ?? []);
        if (values.Count is < DatasetManifest.MinLabels or > DatasetManifest.MaxLabels)
        {
            string count = label.Values.Count >= DatasetManifest.MaxLabels
                ? $"more than {DatasetManifest.MaxLabels} different values"
                : NumberFormat.Count(values.Count, "different value");
            throw RunFailure.BadData(
                $"The label column '{Excerpt.Of(label.Name)}' of {train.Name} has {count}, but there must be "
                    + $"{DatasetManifest.MinLabels} to {DatasetManifest.MaxLabels} labels; choose another column.",
                "manifest");
        }

        string[] ordered = values.All(value => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            ? [.. values.OrderBy(value => int.Parse(value, CultureInfo.InvariantCulture))]
            : [.. values];
        JsonObject? words = manifest["labelValues"] as JsonObject;
        if (words is null)
        {
            manifest["labelValues"] = words = [];
            foreach (string value in ordered)
            {
                words[value] = value;
            }
        }

        manifest["labels"] = new JsonArray(
            [.. ordered.Select(value => words[value] as JsonValue).OfType<JsonValue>().Select(word => $"{word}").Distinct()
                .Select(word => (JsonNode)word)]);
    }

    private ColumnCount? Find(JsonNode reference) => train.Columns.FirstOrDefault(column => column.Name == reference.ToString())
        ?? (reference is JsonValue number && number.TryGetValue(out int place) && place >= 1 && place <= train.Columns.Count
            ? train.Columns[place - 1]
            : null);

    private JsonNode Reference(ColumnCount column) => IsNamed(column)
        ? column.Name
        : int.Parse(column.Name, CultureInfo.InvariantCulture);

    /// <summary>A column of a table that has no name is called by its number.</summary>
    private bool IsNamed(ColumnCount column) => train.Delimiter is null
        || (train.HasHeader && column.Name != NumberOf(column).ToString(CultureInfo.InvariantCulture));

    private int NumberOf(ColumnCount column) => train.Columns.Index().First(known => known.Item == column).Index + 1;

    private IEnumerable<ColumnCount> Named(string[] names) =>
        names.Select(name => train.Columns.FirstOrDefault(column => Is(column, name))).OfType<ColumnCount>();

    private static bool Is(ColumnCount column, string name) => string.Equals(column.Name.Trim(), name, StringComparison.OrdinalIgnoreCase);
}
