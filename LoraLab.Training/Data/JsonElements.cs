using System.Text;
using System.Text.Json;

namespace LoraLab.Training.Data;

/// <summary>Takes a JSON array apart.</summary>
internal static class JsonElements
{
    /// <summary>Returns the elements of an array, each with the line on which it begins, from 1.</summary>
    /// <param name="text">The array.</param>
    /// <exception cref="JsonException">The text is not a JSON array.</exception>
    public static IReadOnlyList<(int Line, string Text)> Of(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Utf8JsonReader reader = new(bytes);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("it begins with something else");
        }

        List<(int, string)> elements = [];
        (int line, int counted) = (1, 0);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = checked((int)reader.TokenStartIndex);
            reader.Skip();
            line += bytes.AsSpan(counted, start - counted).Count((byte)'\n');
            counted = start;
            elements.Add((line, Encoding.UTF8.GetString(bytes, start, checked((int)reader.BytesConsumed) - start)));
        }

        // What follows the array must be nothing.
        reader.Read();
        return elements;
    }
}
