using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Fields;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// What the table of runs has of one: its document, and the values by which runs are filtered and sorted. They are computed here, by the
/// functions that read fields everywhere else, so that a new field needs no SQL.
/// </summary>
internal sealed partial record RunRow
{
    private const string Options = "methodOptions.";

    /// <summary>The stored run as JSON.</summary>
    public required string Document { get; init; }

    /// <summary>Sort keys by field: numbers or texts.</summary>
    public required string Keys { get; init; }

    /// <summary>Upper-case texts by field, for comparisons in any case: a text, or a list of words.</summary>
    public required string Texts { get; init; }

    public required string[] Tags { get; init; }

    public required string[] Aliases { get; init; }

    public required string[] Parents { get; init; }

    /// <summary>Changes with the fields: rows that were written with others are computed again.</summary>
    public static string FieldsVersion { get; } = Idempotency.HashOf("fields", string.Join(
        '\n', RunFieldCatalog.Default.Fields.Select(field => $"{field.Name} {field.Kind}").Concat(RunSort.FieldNames)));

    public static RunRow Of(StoredRun run) => new()
    {
        Document = Json(run),
        Keys = Json(KeysOf(run.Document)),
        Texts = Json(TextsOf(run.Document)),
        Tags = [.. run.Document.Tags],
        Aliases = [.. run.Document.Aliases],
        Parents = [.. RunFilter.ParentsOf(run.Document)],
    };

    public static StoredRun Read(string json) => JsonSerializer.Deserialize<StoredRun>(json, ContractJson.Options)!;

    /// <summary>JSON that the database takes: its texts cannot contain NUL, which becomes the replacement character.</summary>
    public static string Json<T>(T value) => EscapedNul().Replace(
        JsonSerializer.Serialize(value, ContractJson.Options), match => match.Value[..^6] + "\\ufffd");

    private static Dictionary<string, object> KeysOf(RunDocument run)
    {
        Dictionary<string, object> keys = [];
        foreach (string field in RunSort.FieldNames)
        {
            Add(keys, field, RunSort.By(field).KeyOf(run).Value);
        }

        foreach (RunField field in FieldsOf(run))
        {
            if (!keys.ContainsKey(field.Name))
            {
                Add(keys, field.Name, field.SortKey(run));
            }
        }

        return keys;
    }

    private static void Add(Dictionary<string, object> keys, string field, IComparable? value)
    {
        if (value is string or double and not (double.NaN or double.PositiveInfinity or double.NegativeInfinity))
        {
            keys[field] = value;
        }
    }

    private static Dictionary<string, object> TextsOf(RunDocument run)
    {
        Dictionary<string, object> texts = [];
        foreach (RunField field in FieldsOf(run))
        {
            switch (field.Read(run))
            {
                case IReadOnlyList<string> words:
                    texts[field.Name] = words.Select(word => word.ToUpperInvariant()).ToArray();
                    break;
                case double number when field.Kind != RunFieldKind.Any && double.IsFinite(number):
                case DateTimeOffset:
                case null:
                    break;
                case { } value:
                    texts[field.Name] = (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").ToUpperInvariant();
                    break;
            }
        }

        return texts;
    }

    private static IEnumerable<RunField> FieldsOf(RunDocument run) =>
        RunFieldCatalog.Default.Fields.Concat(run.Spec.MethodOptions.Select(option => RunFieldCatalog.Default.Find(Options + option.Key)!));

    [GeneratedRegex(@"(?<!\\)(\\\\)*\\u0000")]
    private static partial Regex EscapedNul();
}
