using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoraLab.Training.Data;

/// <summary>Puts a list of a Parquet file together from its leaves (Dremel's repetition and definition levels) as a JSON array.</summary>
internal static class ParquetList
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the list of the next row; null if it is missing.</summary>
    /// <param name="leaves">Columns of the elements, all at the same row.</param>
    /// <param name="objects">Whether an element is an object of the leaves, and not a leaf itself.</param>
    /// <param name="inList">Definition level from which there is an element.</param>
    /// <param name="inElement">Definition level from which the element is not null.</param>
    public static string? Json(ParquetLeaf[] leaves, bool objects, int inList, int inElement)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter writer = new(buffer, _options);
        // A list that is missing and one that is empty have one slot without an element; the former has the lower level.
        bool missing = leaves[0].Definition < inList - 1;
        writer.WriteStartArray();
        do
        {
            Element(writer, leaves, objects, inList, inElement);
        }
        while (!leaves[0].IsAtEnd && leaves[0].Repetition > 0);
        writer.WriteEndArray();
        writer.Flush();
        return missing ? null : Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Element(Utf8JsonWriter writer, ParquetLeaf[] leaves, bool objects, int inList, int inElement)
    {
        int level = leaves[0].Definition;
        bool isObject = objects && level >= inElement;
        if (isObject)
        {
            writer.WriteStartObject();
        }
        else if (objects && level >= inList)
        {
            writer.WriteNullValue();
        }

        foreach (ParquetLeaf leaf in leaves)
        {
            bool present = leaf.Next(out string? value);
            if (isObject)
            {
                writer.WritePropertyName(leaf.Name);
            }

            if (isObject || (!objects && level >= inList))
            {
                Value(writer, leaf, present ? value : null);
            }
        }

        if (isObject)
        {
            writer.WriteEndObject();
        }
    }

    private static void Value(Utf8JsonWriter writer, ParquetLeaf leaf, string? value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else if (leaf.IsText || value is "NaN" or "Infinity" or "-Infinity")
        {
            writer.WriteStringValue(value);
        }
        else
        {
            writer.WriteRawValue(value);
        }
    }
}
