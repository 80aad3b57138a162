using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>A row whose label has not been parsed; a null label is missing.</summary>
internal readonly record struct RawRow(int Line, string Sentence, string? Label);

/// <summary>Reads the rows of a CSV, TSV or JSONL file.</summary>
/// <param name="manifest">Layout of the file.</param>
/// <param name="file">Name of the file in the manifest.</param>
/// <param name="displayName">Name of the file in messages.</param>
/// <param name="problems">Receives the problems of single rows, which are left out.</param>
internal sealed class RowReader(DatasetManifest manifest, string file, string displayName, RowProblems problems)
{
    private const string OneLine = "in JSONL, each object is on one line";
    private const string QuotingHint = "if the file was written with quotation marks around fields, set \"quoting\": true in dataset.json";
    private static readonly (char Delimiter, string Name)[] _delimiters =
        [('\t', "tabs"), (';', "semicolons"), (',', "commas"), ('|', "vertical bars")];

    private static readonly JsonDocumentOptions _strictJson = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the rows.</summary>
    /// <param name="text">Text of the file.</param>
    /// <exception cref="RunFailure">A column is missing.</exception>
    public IEnumerable<RawRow> Read(string text)
    {
        if (manifest.FormatOf(file) == "jsonl")
        {
            return JsonLines(text);
        }

        char delimiter = manifest.DelimiterOf(file);
        return Table(manifest.HasQuoting(file) ? QuotedFields(text, delimiter) : PlainFields(text, delimiter));
    }

    /// <summary>Splits lines at the delimiter as in GLUE's layout: quotation marks are text, spaces belong to the field.</summary>
    private static IEnumerable<(int Line, string[] Fields)> PlainFields(string text, char delimiter) =>
        TextFile.Lines(text).Select(line => (line.Number, line.Line.Split(delimiter))).Where(line => !IsBlank(line.Item2));

    /// <summary>Whether a line has nothing but spaces.</summary>
    private static bool IsBlank(string[] fields) => fields is [] || (fields is [string only] && string.IsNullOrWhiteSpace(only));

    private IEnumerable<(int Line, string[] Fields)> QuotedFields(string text, char delimiter)
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
        using StringReader reader = new(text);
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
                problems.Add(
                    line,
                    "a quotation mark is misplaced or not closed",
                    "inside a quoted field, double each quotation mark; if quotation marks are text, set \"quoting\": false in "
                        + "dataset.json");
            }
            else if (!IsBlank(fields))
            {
                yield return (line, fields);
            }
        }
    }

    private IEnumerable<RawRow> Table(IEnumerable<(int Line, string[] Fields)> lines)
    {
        int columns = -1, sentenceIndex = -1, labelIndex = -1;
        foreach ((int line, string[] fields) in lines)
        {
            if (columns < 0)
            {
                columns = fields.Length;
                sentenceIndex = Index(fields, "sentenceColumn", manifest.SentenceColumn);
                labelIndex = Index(fields, "labelColumn", manifest.LabelColumn);
                RequireDifferent(sentenceIndex, labelIndex);
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

            string sentence = sentenceIndex < fields.Length ? fields[sentenceIndex] : "";
            yield return new RawRow(line, sentence, labelIndex < fields.Length ? fields[labelIndex] : null);
        }
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

    private void RequireDifferent(int sentenceIndex, int labelIndex)
    {
        if (sentenceIndex == labelIndex)
        {
            throw RunFailure.BadData(
                $"'sentenceColumn' and 'labelColumn' in dataset.json are the same column, {sentenceIndex + 1}, of {displayName}; give each "
                    + "its own.",
                "dataset");
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

    private static string DelimiterName(char delimiter) =>
        Array.Find(_delimiters, known => known.Delimiter == delimiter).Name ?? $"'{delimiter}'";

    private IEnumerable<RawRow> JsonLines(string text)
    {
        foreach ((int number, string line) in TextFile.Lines(text))
        {
            if (line.AsSpan().TrimStart().StartsWith("["))
            {
                problems.Add(number, "the line is not a JSON object but begins an array", "write one object per line");
                yield break;
            }

            if (!string.IsNullOrWhiteSpace(line) && JsonLine(line, number) is RawRow row)
            {
                yield return row;
            }
        }
    }

    private RawRow? JsonLine(string line, int number)
    {
        (string sentenceKey, string labelKey) = (manifest.SentenceColumn.Name, manifest.LabelColumn.Name);
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, _strictJson);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                problems.Add(number, "the line is not a JSON object", "write one object per line");
                return null;
            }

            if (!document.RootElement.TryGetProperty(sentenceKey, out JsonElement sentence)
                || sentence.ValueKind != JsonValueKind.String)
            {
                problems.Add(number, $"'{Excerpt.Of(sentenceKey)}' is missing or not a string");
                return null;
            }

            string? label = document.RootElement.TryGetProperty(labelKey, out JsonElement value) ? Scalar(value) : null;
            return new RawRow(number, sentence.GetString()!, label);
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

    private static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => null,
        _ => value.GetRawText(),
    };
}
