using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.Pages.Catalog;

/// <summary>What the columns of an upload mean, as a user edits it, and the manifest that says so.</summary>
public sealed class UploadMapping
{
    /// <summary>Roles of a column.</summary>
    public const string Unused = "", Text = "text", Label = "label", Prompt = "prompt", Completion = "completion", Messages = "messages";

    private static readonly string[] _replaced =
    [
        "task", "columns", "sentenceColumn", "labelColumn", "labels", "labelValues", "promptColumn", "completionColumn", "textColumn",
        "messagesColumn", "train", "eval",
    ];

    private readonly JsonObject _manifest;
    private readonly UploadedTable _table;
    private readonly Dictionary<string, string> _roles = [];
    private readonly Dictionary<string, string> _words = [];
    private string _labelColumn = "";

    /// <summary>The mapping of a preview.</summary>
    public UploadMapping(DatasetPreview preview)
    {
        ArgumentNullException.ThrowIfNull(preview);
        _manifest = preview.Manifest;
        _table = preview.Files[0];
        Read();
    }

    /// <summary>The columns, in their order.</summary>
    public IReadOnlyList<UploadedColumn> Columns => _table.Columns;

    /// <summary>Label words by the value in the file; empty: there is no label column, or its values are not read yet.</summary>
    public IReadOnlyDictionary<string, string> Words => _words;

    /// <summary>Whether something was edited.</summary>
    public bool IsChanged { get; private set; }


    /// <summary>The role of a column.</summary>
    public string RoleOf(UploadedColumn column) => _roles.GetValueOrDefault(column.Name, Unused);

    /// <summary>Changes the role of a column; label, completion and messages are that of one.</summary>
    public void SetRole(UploadedColumn column, string role)
    {
        if (role is Label or Completion or Messages)
        {
            foreach (string other in _roles.Keys.Where(name => _roles[name] == role).ToList())
            {
                _roles[other] = Unused;
            }
        }

        _roles[column.Name] = role;
        IsChanged = true;
    }

    /// <summary>Changes the word of a label.</summary>
    public void SetWord(string value, string word)
    {
        _words[value] = word.Trim();
        IsChanged = true;
    }

    /// <summary>The manifest of the roles; what it leaves out, the server finds in the files.</summary>
    public JsonObject Manifest()
    {
        JsonObject manifest = _manifest.DeepClone().AsObject();
        foreach (string key in _replaced)
        {
            manifest.Remove(key);
        }

        UploadedColumn[] texts = With(Text), prompts = With(Prompt);
        UploadedColumn? label = With(Label).FirstOrDefault(), completion = With(Completion).FirstOrDefault();
        if (With(Messages).FirstOrDefault() is { } messages)
        {
            manifest["messagesColumn"] = Reference(messages);
        }
        else if (completion is not null)
        {
            manifest["completionColumn"] = Reference(completion);
            UploadedColumn[] all = [.. prompts, .. texts];
            if (all.Length == 1)
            {
                manifest["promptColumn"] = Reference(all[0]);
            }
            else if (all.Length > 1)
            {
                SetTexts(manifest, all);
            }
        }
        else if (label is null && texts.Length == 1)
        {
            manifest["textColumn"] = Reference(texts[0]);
        }
        else
        {
            if (texts.Length > 0)
            {
                SetTexts(manifest, texts);
            }

            SetLabels(manifest, label);
        }

        if (IsChanged && !SameColumns(manifest))
        {
            // A prompt of other columns is wrong.
            manifest.Remove("prompt");
        }

        return manifest;
    }

    private void SetLabels(JsonObject manifest, UploadedColumn? label)
    {
        if (label is null)
        {
            return;
        }

        manifest["labelColumn"] = Reference(label);
        if (label.Name == _labelColumn && _words.Count > 0)
        {
            manifest["labelValues"] = new JsonObject(_words.Select(word => KeyValuePair.Create(word.Key, (JsonNode?)word.Value)));
            manifest["labels"] = new JsonArray([.. _words.Values.Distinct().Select(word => (JsonNode)word)]);
        }
    }

    private bool SameColumns(JsonObject manifest) => _replaced
        .Where(key => key == "columns" || key.EndsWith("Column", StringComparison.Ordinal))
        .All(key => JsonNode.DeepEquals(manifest[key], _manifest[key]));

    private void SetTexts(JsonObject manifest, UploadedColumn[] texts)
    {
        if (texts.All(text =>
            IsNamed(text) && text.Name != "label" && text.Name.AsSpan().IndexOfAny("{}\r\n") < 0 && text.Name == text.Name.Trim()))
        {
            manifest["columns"] = new JsonArray([.. texts.Select(text => (JsonNode)text.Name)]);
            return;
        }

        manifest["columns"] = new JsonObject(texts.Select((text, i) =>
            KeyValuePair.Create(texts.Length == 1 ? "text" : $"text{i + 1}", (JsonNode?)Reference(text))));
    }

    private UploadedColumn[] With(string role) => [.. Columns.Where(column => RoleOf(column) == role)];

    private JsonNode Reference(UploadedColumn column) =>
        IsNamed(column) ? column.Name : int.Parse(column.Name, CultureInfo.InvariantCulture);

    /// <summary>A column of a table that has no name is called by its number.</summary>
    private bool IsNamed(UploadedColumn column) => _table.Delimiter is null
        || (_table.Header && column.Name != NumberOf(column).ToString(CultureInfo.InvariantCulture));

    private int NumberOf(UploadedColumn column) => Columns.Index().First(known => known.Item == column).Index + 1;

    private void Read()
    {
        bool isCompletion = (string?)(_manifest["task"] as JsonValue) == TaskDescriptors.Completion.Id;
        Set(_manifest["messagesColumn"], Messages);
        Set(_manifest["textColumn"], Text);
        Set(_manifest["promptColumn"], Prompt);
        Set(_manifest["completionColumn"], Completion);
        IEnumerable<JsonNode?> texts = _manifest["columns"] switch
        {
            JsonArray names => names,
            JsonObject named => named.Select(column => column.Value),
            _ => isCompletion ? [] : [_manifest["sentenceColumn"] ?? "sentence"],
        };
        foreach (JsonNode? text in texts)
        {
            Set(text, isCompletion ? Prompt : Text);
        }

        if (isCompletion)
        {
            return;
        }

        _labelColumn = Set(_manifest["labelColumn"] ?? "label", Label) ?? "";
        if (_manifest["labelValues"] is JsonObject values)
        {
            foreach ((string value, JsonNode? word) in values)
            {
                _words[value] = word?.ToString() ?? value;
            }
        }
    }

    private string? Set(JsonNode? reference, string role)
    {
        UploadedColumn? column = reference is null ? null : Columns.FirstOrDefault(column => column.Name == reference.ToString());
        if (column is not null)
        {
            _roles[column.Name] = role;
        }

        return column?.Name;
    }
}
