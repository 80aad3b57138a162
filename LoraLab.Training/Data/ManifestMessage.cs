using System.Text.Json;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;

namespace LoraLab.Training.Data;

/// <summary>What is wrong with a <c>dataset.json</c>, in its own words.</summary>
internal static class ManifestMessage
{
    /// <summary>What to do about a file in another format.</summary>
    public static string CureOf(string format) => format switch
    {
        "arrow" or "feather" or "xls" or "xlsx" or "ods" => "convert it to CSV, TSV or JSONL",
        "gz" or "zip" or "bz2" or "xz" or "zst" or "7z" => "unpack it",
        _ => "set 'format' to csv, tsv, jsonl, json or parquet",
    };

    /// <summary>Says what a member must be; the parser's own message names types of this program.</summary>
    /// <param name="problem">The parser's exception.</param>
    /// <param name="keys">Known keys.</param>
    public static string Of(JsonException problem, IReadOnlyCollection<string> keys)
    {
        string member = (problem.Path ?? "").TrimStart('$', '.');
        if (problem.Message.Contains("could not be mapped", StringComparison.Ordinal))
        {
            return NearestName.Of(member, keys) is string nearest
                ? $"'{member}' is not a known key; the nearest is '{nearest}'."
                : $"'{member}' is not a known key; known are {string.Join(", ", keys)}.";
        }

        if (problem.Message.StartsWith("Duplicate", StringComparison.Ordinal))
        {
            return $"{JsonFile.Reason(problem)}.";
        }

        string? expected = member.Split('.', '[')[0] switch
        {
            "header" or "toy" => "true or false",
            "quoting" => "true, if fields may be in double quotation marks, or false",
            "" when problem.Message.Contains("could not be converted", StringComparison.Ordinal) => "an object",
            "columns" => "a list of column names, or an object with the name or the number of each column",
            "labels" => "a list of words in quotation marks",
            "labelValues" => "an object of label words by value",
            "run" => "an object of settings of a run",
            "train" or "eval" or "format" or "delimiter" or "task" or "preset" or "prompt" or "metric" => "a string",
            _ => null,
        };
        return expected is null ? $"{JsonFile.Reason(problem)}{Place(problem)}."
            : member.Length == 0 ? $"it must be {expected}."
            : $"'{member}' must be {expected}.";
    }

    private static string Place(JsonException problem) =>
        problem.LineNumber is long line && problem.Message.Contains("LineNumber", StringComparison.Ordinal) ? $" (line {line + 1})" : "";
}
