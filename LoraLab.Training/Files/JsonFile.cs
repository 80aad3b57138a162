using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Files;

namespace LoraLab.Training.Files;

/// <summary>Reads the JSON files of models, adapters and datasets, and specifications from the command line.</summary>
internal static class JsonFile
{
    private const string Duplicate = "Duplicate property '";

    /// <summary>Options of documents: a key that occurs twice is an error.</summary>
    public static JsonDocumentOptions Strict { get; } = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the bytes of a file and returns its text as UTF-8 without a byte-order mark.</summary>
    /// <param name="path">File.</param>
    /// <param name="bytes">All bytes of the file.</param>
    /// <exception cref="JsonException">The file is something else, such as a Git LFS pointer, or is not encoded in UTF-8.</exception>
    public static ReadOnlyMemory<byte> Read(string path, out byte[] bytes)
    {
        bytes = File.ReadAllBytes(path);
        return FileSignature.OfJson(bytes) is { } known ? throw new JsonException($"it {known}.") : JsonText.Utf8(bytes);
    }

    /// <summary>The reason in a parser's message, without the place in it and the period.</summary>
    public static string Reason(JsonException problem)
    {
        string message = problem.Message;
        if (message.StartsWith(Duplicate, StringComparison.Ordinal))
        {
            return $"'{message[Duplicate.Length..].Split('\'')[0]}' occurs twice";
        }

        foreach (string place in (ReadOnlySpan<string>)[" Path: $", " LineNumber: "])
        {
            int at = message.IndexOf(place, StringComparison.Ordinal);
            message = at < 0 ? message : message[..at];
        }

        return message.TrimEnd('.');
    }

    /// <summary>As <see cref="Read(string, out byte[])"/>, without the bytes.</summary>
    /// <exception cref="JsonException">The file is something else, such as a Git LFS pointer, or is not encoded in UTF-8.</exception>
    public static ReadOnlyMemory<byte> Read(string path) => Read(path, out _);

    /// <summary>The members of an object that are not null: a null is the same as an absent member.</summary>
    public static JsonObject WithoutNulls(JsonElement root) => new(root.EnumerateObject()
        .Where(property => property.Value.ValueKind != JsonValueKind.Null)
        .Select(property => KeyValuePair.Create(property.Name, JsonNode.Parse(property.Value.GetRawText()))));
}
