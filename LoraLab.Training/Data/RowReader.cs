using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>A row whose label has not been parsed; a null label is missing.</summary>
internal readonly record struct RawRow(int Line, string Sentence, string? Label);

/// <summary>Reads the rows of a CSV, TSV or JSONL file.</summary>
internal static class RowReader
{
    private static readonly JsonDocumentOptions _strictJson = new() { AllowDuplicateProperties = false };

    public static IEnumerable<RawRow> Read(
        string path, string displayName, string format, string sentenceColumn, string labelColumn, out string sha256)
    {
        string text = TextFile.Read(path, displayName, out sha256);
        return format switch
        {
            "csv" => Table(CsvFields(text, displayName), displayName, sentenceColumn, labelColumn),
            "tsv" => Table(TsvFields(text), displayName, sentenceColumn, labelColumn),
            _ => JsonLines(text, displayName, sentenceColumn, labelColumn),
        };
    }

    /// <summary>Splits GLUE's layout: tabs separate fields, quotation marks are text, spaces belong to the field.</summary>
    private static IEnumerable<(int Line, string[] Fields)> TsvFields(string text) =>
        TextFile.Lines(text).Select(line => (line.Number, line.Line.Split('\t')));

    private static IEnumerable<(int Line, string[] Fields)> CsvFields(string text, string displayName)
    {
        int lastLine = 0;
        CsvConfiguration configuration = new(CultureInfo.InvariantCulture)
        {
            Mode = CsvMode.RFC4180,
            IgnoreBlankLines = false,
            BadDataFound = _ => throw Error(
                displayName, lastLine + 1,
                "a quotation mark is misplaced or not closed; inside a quoted field, double each quotation mark"),
        };
        using StringReader reader = new(text);
        using CsvParser parser = new(reader, configuration);
        while (parser.Read())
        {
            int line = lastLine + 1;
            string[] fields = parser.Record ?? [];
            lastLine = parser.RawRow;
            if (fields.Length > 1 || (fields.Length == 1 && fields[0].Length > 0))
            {
                yield return (line, fields);
            }
        }
    }

    /// <summary>Reads a table whose first line is the header.</summary>
    private static IEnumerable<RawRow> Table(
        IEnumerable<(int Line, string[] Fields)> lines, string displayName, string sentenceColumn, string labelColumn)
    {
        int columns = -1, sentenceIndex = -1, labelIndex = -1;
        foreach ((int line, string[] fields) in lines)
        {
            if (columns < 0)
            {
                columns = fields.Length;
                sentenceIndex = Column(fields, sentenceColumn, displayName);
                labelIndex = Column(fields, labelColumn, displayName);
                continue;
            }

            if (fields.Length > columns)
            {
                throw Error(displayName, line, $"the row has {fields.Length} columns, but the header has {columns}");
            }

            string sentence = sentenceIndex < fields.Length ? fields[sentenceIndex] : "";
            yield return new RawRow(line, sentence, labelIndex < fields.Length ? fields[labelIndex] : null);
        }
    }

    private static IEnumerable<RawRow> JsonLines(string text, string displayName, string sentenceColumn, string labelColumn)
    {
        foreach ((int number, string line) in TextFile.Lines(text))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return JsonLine(line, number, displayName, sentenceColumn, labelColumn);
            }
        }
    }

    private static RawRow JsonLine(string line, int number, string displayName, string sentenceColumn, string labelColumn)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, _strictJson);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Error(displayName, number, "the line is not a JSON object");
            }

            if (!document.RootElement.TryGetProperty(sentenceColumn, out JsonElement sentence)
                || sentence.ValueKind != JsonValueKind.String)
            {
                throw Error(displayName, number, $"'{Excerpt.Of(sentenceColumn)}' is missing or not a string");
            }

            string? label = document.RootElement.TryGetProperty(labelColumn, out JsonElement value) ? Scalar(value) : null;
            return new RawRow(number, sentence.GetString()!, label);
        }
        catch (JsonException problem)
        {
            throw RunFailure.BadData(
                $"{displayName}, line {number}: the line is not valid JSON: {Excerpt.Of(problem.Message)}", "dataset", problem);
        }
        catch (InvalidOperationException problem)
        {
            // A lone surrogate escape such as "\ud800" is valid JSON, but not valid text.
            throw RunFailure.BadData($"{displayName}, line {number}: the text is not valid Unicode.", "dataset", problem);
        }
    }

    private static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => null,
        _ => value.GetRawText(),
    };

    private static int Column(string[] header, string name, string displayName)
    {
        int index = Array.IndexOf(header, name);
        return index >= 0
            ? index
            : throw RunFailure.BadData(
                $"{displayName} has no column '{Excerpt.Of(name)}'; its header has {Excerpt.Of(header)}.", "dataset");
    }

    private static RunFailure Error(string displayName, int line, string problem) =>
        RunFailure.BadData($"{displayName}, line {line}: {problem}.", "dataset");
}
