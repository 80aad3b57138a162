using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>Reads the rows of a CSV, TSV, JSONL or JSON file.</summary>
/// <param name="manifest">Layout of the file.</param>
/// <param name="file">Name of the file in the manifest.</param>
/// <param name="displayName">Name of the file in messages.</param>
/// <param name="requested">The columns whose values the rows have, in this order.</param>
/// <param name="problems">Receives the problems of single rows, which are left out.</param>
/// <param name="before">Lines of the files before this one.</param>
internal sealed class RowReader(
    DatasetManifest manifest,
    string file,
    string displayName,
    IReadOnlyList<RequestedColumn> requested,
    RowProblems problems,
    int before = 0)
{
    private const int LongestLabel = 100;
    private const int MaximumLabels = 1000;
    private const string OneLine = "in JSONL, each object is on one line";
    private const string QuotingHint = "if the file was written with quotation marks around fields, set \"quoting\": true in dataset.json";
    private static readonly (char Delimiter, string Name)[] _delimiters =
        [('\t', "tabs"), (';', "semicolons"), (',', "commas"), ('|', "vertical bars")];

    private readonly HashSet<string> _labels = new(StringComparer.Ordinal);

    private static readonly JsonDocumentOptions _strictJson = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the rows.</summary>
    /// <param name="text">Text of the file.</param>
    /// <exception cref="RunFailure">A column is missing.</exception>
    public IEnumerable<RawRow> Read(TextSource text)
    {
        if (manifest.FormatOf(file) is "jsonl" or "json")
        {
            return manifest.FormatOf(file) == "jsonl" ? JsonLines(text) : JsonArray(text.ToString());
        }

        return Table(Fields(text, manifest.DelimiterOf(file), manifest.HasQuoting(file), line => problems.Add(
            line,
            "a quotation mark is misplaced or not closed",
            "inside a quoted field, double each quotation mark; if quotation marks are text, set \"quoting\": false in dataset.json")));
    }

    /// <summary>The fields of each row of a table, its header included.</summary>
    /// <param name="text">Text of the file.</param>
    /// <param name="delimiter">Character between the fields.</param>
    /// <param name="quoting">Whether fields may be in quotation marks.</param>
    /// <param name="onBroken">Receives the line of a row whose quotation marks are wrong, which is left out.</param>
    public static IEnumerable<(int Line, string[] Fields)> Fields(
        TextSource text, char delimiter, bool quoting, Action<int> onBroken) =>
        quoting ? QuotedFields(text, delimiter, onBroken) : PlainFields(text, delimiter);

    /// <summary>Splits lines at the delimiter as in GLUE's layout: quotation marks are text, spaces belong to the field.</summary>
    private static IEnumerable<(int Line, string[] Fields)> PlainFields(TextSource text, char delimiter) =>
        text.Lines().Select(line => (line.Number, line.Line.Split(delimiter))).Where(line => !IsBlank(line.Item2));

    /// <summary>Whether a line has nothing but spaces.</summary>
    private static bool IsBlank(string[] fields) => fields is [] || (fields is [string only] && string.IsNullOrWhiteSpace(only));

    private static IEnumerable<(int Line, string[] Fields)> QuotedFields(TextSource text, char delimiter, Action<int> onBroken)
    {
        bool bad = false;
        CsvConfiguration configuration = new(CultureInfo.InvariantCulture)
        {
            Mode = CsvMode.RFC4180,
            Delimiter = delimiter.ToString(),
            WhiteSpaceChars = [],
            IgnoreBlankLines = false,
            BadDataFound = _ => bad = true,
        };
        using TextReader reader = text.Open();
        using CsvParser parser = new(reader, configuration);
        int lastLine = 0;
        while (parser.Read())
        {
            int line = lastLine + 1;
            string[] fields = parser.Record ?? [];
            lastLine = parser.RawRow;
            if (bad)
            {
                bad = false;
                onBroken(line);
            }
            else if (!IsBlank(fields))
            {
                yield return (line, fields);
            }
        }
    }

    private IEnumerable<RawRow> Table(IEnumerable<(int Line, string[] Fields)> lines)
    {
        int columns = -1;
        int[] indices = [];
        foreach ((int place, string[] written) in lines)
        {
            int line = place + before;
            string[] fields = manifest.Recast?.Invoke(written) ?? written;
            if (columns < 0)
            {
                columns = fields.Length;
                indices = [.. requested.Select(column => Index(fields, column.Key, column.Column))];
                RequireDifferent(indices);
                if (manifest.Header)
                {
                    continue;
                }
            }

            if (fields.Length > columns)
            {
                problems.Add(
                    line,
                    $"the row has {fields.Length} columns, but the {(manifest.Header ? "header" : "first row")} has {columns}",
                    manifest.HasQuoting(file)
                        ? $"put fields that contain {DelimiterName(manifest.DelimiterOf(file))} in quotation marks"
                        : fields.Any(field => field.Contains('"', StringComparison.Ordinal)) ? QuotingHint : null);
                continue;
            }

            string?[] values = new string?[indices.Length];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Kept(indices[i] < fields.Length ? fields[indices[i]] : Missing(requested[i]), requested[i]);
            }

            yield return new RawRow(line, values);
        }
    }

    private static string? Missing(RequestedColumn column) => column.Kind == ColumnKind.Text ? "" : null;

    /// <summary>A value; of labels, which recur in every row, one copy each.</summary>
    private string? Kept(string? value, RequestedColumn column)
    {
        if (value is null or { Length: > LongestLabel } || column.Kind != ColumnKind.Scalar)
        {
            return value;
        }

        if (!_labels.TryGetValue(value, out string? known) && _labels.Count < MaximumLabels)
        {
            _labels.Add(value);
        }

        return known ?? value;
    }

    private int Index(string[] first, string key, Column column)
    {
        if ((manifest.Header ? column : column.AsNumber()).Number is int number)
        {
            return number <= first.Length
                ? number - 1
                : throw RunFailure.BadData(
                    $"{displayName} has {first.Length} columns, but '{key}' in dataset.json is {number}; {Split(first)
                        ?? "the first column is 1"}.",
                    "dataset");
        }

        int index = Array.IndexOf(first, column.Name);
        if (index >= 0 && Array.LastIndexOf(first, column.Name) is int last && last != index)
        {
            throw RunFailure.BadData(
                $"{displayName} has two columns '{Excerpt.Of(column.Name)}', {index + 1} and {last + 1}; give '{key}' in dataset.json as "
                    + "the number of one.",
                "dataset");
        }

        return index >= 0
            ? index
            : throw RunFailure.BadData(
                $"{displayName} has no column '{Excerpt.Of(column.Name)}'; its header has {Excerpt.Of(first)}; {Cure(first, column)}.",
                "dataset");
    }

    private void RequireDifferent(int[] indices)
    {
        for (int i = 0; i < indices.Length; i++)
        {
            if (Array.IndexOf(indices, indices[i], 0, i) is int same and >= 0)
            {
                string keys = requested[same].Key == requested[i].Key
                    ? $"'{requested[i].Key}' in dataset.json names the same column twice"
                    : $"'{requested[same].Key}' and '{requested[i].Key}' in dataset.json are the same column";
                throw RunFailure.BadData($"{keys}, {indices[i] + 1}, of {displayName}; give each its own.", "dataset");
            }
        }
    }

    private string Cure(string[] header, Column column)
    {
        if (TableSignature.OfHeader(header[0]) is string other)
        {
            return $"the file {other}";
        }

        if (Split(header) is string split)
        {
            return split;
        }

        if (header.Any(name => name.Trim('"') == column.Name))
        {
            return "its fields are in quotation marks, so set \"quoting\": true in dataset.json";
        }

        return "name its columns in dataset.json or, if the first line is a row, set \"header\": false and give the columns by number, "
            + "the first of which is 1";
    }

    /// <summary>Returns what to do about a line that seems to have another delimiter; null if it does not.</summary>
    private static string? Split(string[] first)
    {
        if (first.Length > 1)
        {
            return null;
        }

        (char delimiter, string name) = _delimiters.FirstOrDefault(known => first[0].Contains(known.Delimiter, StringComparison.Ordinal));
        string text = delimiter == '\t' ? "\\t" : $"{delimiter}";
        return name is null ? null : $"its fields seem to be separated by {name}, so set \"delimiter\": \"{text}\" in dataset.json";
    }

    /// <summary>A delimiter in words.</summary>
    public static string DelimiterName(char delimiter) =>
        Array.Find(_delimiters, known => known.Delimiter == delimiter).Name ?? $"'{delimiter}'";

    private IEnumerable<RawRow> JsonLines(TextSource text)
    {
        foreach ((int place, string line) in text.Lines())
        {
            int number = place + before;
            if (line.AsSpan().TrimStart().StartsWith("["))
            {
                problems.Add(
                    number, "the line is not a JSON object but begins an array", "write one object per line, or set 'format' to json");
                yield break;
            }

            if (!string.IsNullOrWhiteSpace(line) && JsonLine(line, number) is RawRow row)
            {
                yield return row;
            }
        }
    }

    private IEnumerable<RawRow> JsonArray(string text)
    {
        IReadOnlyList<(int Line, string Text)> elements = [];
        try
        {
            elements = JsonElements.Of(text);
        }
        catch (JsonException problem)
        {
            problems.Add(
                (int)(problem.LineNumber ?? 0) + 1 + before,
                $"the text is not a valid JSON array of objects ({Excerpt.Of(JsonFile.Reason(problem))})",
                "if the file has one object per line, set 'format' to jsonl");
        }

        return elements.Select(element => JsonLine(element.Text, element.Line + before)).OfType<RawRow>();
    }

    private RawRow? JsonLine(string line, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, _strictJson);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                problems.Add(number, "the line is not a JSON object", "write one object per line");
                return null;
            }

            string?[] values = new string?[requested.Count];
            for (int i = 0; i < values.Length; i++)
            {
                string key = requested[i].Column.Name;
                bool found = document.RootElement.TryGetProperty(key, out JsonElement value);
                if (Expected(requested[i].Kind, found ? value.ValueKind : JsonValueKind.Undefined) is string expected)
                {
                    problems.Add(number, $"'{Excerpt.Of(key)}' is missing or not {expected}");
                    return null;
                }

                values[i] = Kept(found ? Text(value) : null, requested[i]);
            }

            return new RawRow(number, values);
        }
        catch (JsonException problem)
        {
            problems.Add(number, $"the line is not valid JSON ({Excerpt.Of(JsonFile.Reason(problem))})", OneLine);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate escape such as "\ud800" is valid JSON, but not valid text.
            problems.Add(number, "the text is not valid Unicode");
        }

        return null;
    }

    /// <summary>What a value must be that is not accepted; null: it is.</summary>
    private static string? Expected(ColumnKind kind, JsonValueKind value) => kind switch
    {
        ColumnKind.Text when value != JsonValueKind.String => "a string",
        ColumnKind.OptionalText when value is not (JsonValueKind.String or JsonValueKind.Null or JsonValueKind.Undefined) => "a string",
        ColumnKind.Json when value is not (JsonValueKind.Array or JsonValueKind.Object) => "an array",
        _ => null,
    };

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => null,
        _ => value.GetRawText(),
    };
}
