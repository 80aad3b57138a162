using System.Text.Json;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Files.Keys;

/// <summary>Checks the keys of a JSON file that has no other content for a run.</summary>
internal static class KeyFile
{
    /// <summary>Reads a file, checks its keys and returns those that are ignored.</summary>
    /// <param name="path">File.</param>
    /// <param name="table">Its keys.</param>
    /// <param name="field">Field of the specification that failures refer to.</param>
    /// <exception cref="RunFailure">The file is not a JSON object, or has a key that is refused.</exception>
    public static IReadOnlyList<string> Check(string path, KeyTable table, string field)
    {
        using JsonDocument document = Parse(path, field);
        return Check(document.RootElement, path, table, field);
    }

    /// <summary>Parses a file, which must be a JSON object without a key that occurs twice.</summary>
    /// <exception cref="RunFailure">It is not.</exception>
    public static JsonDocument Parse(string path, string field)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(JsonFile.Read(path), JsonFile.Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("it is not a JSON object.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            document?.Dispose();
            throw RunFailure.BadData($"{path} cannot be read: {Excerpt.Of(JsonText.Problem(e))}", field, e);
        }
    }

    /// <summary>Checks the keys of a parsed file and returns those that are ignored.</summary>
    /// <exception cref="RunFailure">It has a key that is refused.</exception>
    public static IReadOnlyList<string> Check(JsonElement root, string path, KeyTable table, string field)
    {
        try
        {
            KeyReport report = table.Check(root);
            return report.Problem is null ? report.Ignored : throw RunFailure.BadData($"{path} {report.Problem}.", field);
        }
        catch (InvalidOperationException e)
        {
            throw RunFailure.BadData($"{path} cannot be read: {Excerpt.Of(JsonText.Problem(e))}", field, e);
        }
    }

    /// <summary>The warning about keys that are ignored; empty: there are none.</summary>
    public static IReadOnlyList<string> IgnoredWarning(string path, IReadOnlyList<string> ignored) => ignored.Count == 0 ? [] :
        [$"{path} has keys that LoraLab does not know and ignores: {Excerpt.Of(ignored)}."];
}
