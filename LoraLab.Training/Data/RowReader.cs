using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>A row before its label is understood. A null label means that the row has none.</summary>
internal readonly record struct RawRow(int Line, string Sentence, string? Label);

/// <summary>Reads the rows of one data file in one of the three formats.</summary>
internal static class RowReader
{
    private static readonly JsonDocumentOptions _strictJson = new() { AllowDuplicateProperties = false };

    public static IEnumerable<RawRow> Read(string path, string shownAs, string format, string sentenceColumn, string labelColumn, out string sha256)
    {
        string text = TextFile.Read(path, shownAs, out sha256);
        return format switch
        {
            "csv" => Table(CsvFields(text, shownAs), shownAs, sentenceColumn, labelColumn),
            "tsv" => Table(TsvFields(text), shownAs, sentenceColumn, labelColumn),
            _ => JsonLines(text, shownAs, sentenceColumn, labelColumn),
        };
    }

    /// <summary>GLUE's layout: fields end at tabs, quotation marks are text, spaces belong to the field.</summary>
    private static IEnumerable<(int Line, string[] Fields)> TsvFields(string text) =>
        TextFile.Lines(text).Select(line => (line.Number, line.Line.Split('\t')));

    private static IEnumerable<(int Line, string[] Fields)> CsvFields(string text, string shownAs)
    {
        int lastLine = 0;
        CsvConfiguration configuration = new(CultureInfo.InvariantCulture)
        {
            Mode = CsvMode.RFC4180,
            IgnoreBlankLines = false,
            BadDataFound = _ => throw Wrong(shownAs, lastLine + 1, "a quotation mark stands where none may be, or none ends the field; inside a quoted field write it twice"),
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

    /// <summary>The rows of a table whose first line names its columns.</summary>
    private static IEnumerable<RawRow> Table(IEnumerable<(int Line, string[] Fields)> lines, string shownAs, string sentenceColumn, string labelColumn)
    {
        int columns = -1, sentenceAt = -1, labelAt = -1;
        foreach ((int line, string[] fields) in lines)
        {
            if (columns < 0)
            {
                columns = fields.Length;
                sentenceAt = Column(fields, sentenceColumn, shownAs);
                labelAt = Column(fields, labelColumn, shownAs);
                continue;
            }

            if (fields.Length > columns)
            {
                throw Wrong(shownAs, line, $"there are {fields.Length} columns but the header names {columns}");
            }

            string sentence = sentenceAt < fields.Length ? fields[sentenceAt] : "";
            yield return new RawRow(line, sentence, labelAt < fields.Length ? fields[labelAt] : null);
        }
    }

    private static IEnumerable<RawRow> JsonLines(string text, string shownAs, string sentenceColumn, string labelColumn)
    {
        foreach ((int number, string line) in TextFile.Lines(text))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return JsonLine(line, number, shownAs, sentenceColumn, labelColumn);
            }
        }
    }

    private static RawRow JsonLine(string line, int number, string shownAs, string sentenceColumn, string labelColumn)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, _strictJson);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Wrong(shownAs, number, "this is not a JSON object");
            }

            if (!document.RootElement.TryGetProperty(sentenceColumn, out JsonElement sentence) || sentence.ValueKind != JsonValueKind.String)
            {
                throw Wrong(shownAs, number, $"there is no text under '{Excerpt.Of(sentenceColumn)}'");
            }

            string? label = document.RootElement.TryGetProperty(labelColumn, out JsonElement value) ? Scalar(value) : null;
            return new RawRow(number, sentence.GetString()!, label);
        }
        catch (JsonException problem)
        {
            throw RunFailure.BadData($"{shownAs}, line {number}: this is not JSON: {Excerpt.Of(problem.Message)}", "dataset", problem);
        }
        catch (InvalidOperationException problem)
        {
            // A lone surrogate escape such as "\ud800": it is JSON, but no text.
            throw RunFailure.BadData($"{shownAs}, line {number}: the text is not valid Unicode.", "dataset", problem);
        }
    }

    private static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => null,
        _ => value.GetRawText(),
    };

    private static int Column(string[] header, string name, string shownAs)
    {
        int at = Array.IndexOf(header, name);
        return at >= 0 ? at : throw RunFailure.BadData($"{shownAs} has no column '{Excerpt.Of(name)}'; its header names {Excerpt.Of(header)}.", "dataset");
    }

    private static RunFailure Wrong(string shownAs, int line, string problem) => RunFailure.BadData($"{shownAs}, line {line}: {problem}.", "dataset");
}
