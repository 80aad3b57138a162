using System.Text.Json;
using LoraLab.Files;

namespace LoraLab.Training.Files;

/// <summary>Reads the JSON files of models, adapters and datasets, and specifications from the command line.</summary>
internal static class JsonFile
{
    /// <summary>Options of documents: a key that occurs twice is an error.</summary>
    public static JsonDocumentOptions Strict { get; } = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the bytes of a file and returns its text as UTF-8 without a byte-order mark.</summary>
    /// <param name="path">File.</param>
    /// <param name="bytes">All bytes of the file.</param>
    /// <exception cref="JsonException">The file is something else, such as a Git LFS pointer, or is not encoded in UTF-8.</exception>
    public static ReadOnlyMemory<byte> Read(string path, out byte[] bytes)
    {
        bytes = File.ReadAllBytes(path);
        ReadOnlyMemory<byte> text = JsonText.Utf8(bytes);
        return FileSignature.Of(text.Span) is { } known ? throw new JsonException($"it {known}.") : text;
    }

    /// <summary>As <see cref="Read(string, out byte[])"/>, without the bytes.</summary>
    /// <exception cref="JsonException">The file is something else, such as a Git LFS pointer, or is not encoded in UTF-8.</exception>
    public static ReadOnlyMemory<byte> Read(string path) => Read(path, out _);
}
