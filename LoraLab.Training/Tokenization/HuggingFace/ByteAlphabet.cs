using System.Text;

namespace LoraLab.Training.Tokenization.HuggingFace;

/// <summary>
/// GPT-2's characters for bytes: printable Latin-1 characters stand for themselves, the others for the characters from U+0100 on, in order
/// (<c>bytes_to_unicode</c> in https://github.com/openai/gpt-2/blob/master/src/encoder.py).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] _characters = Characters();
    private static readonly short[] _bytes = Bytes();

    /// <summary>The character of a byte.</summary>
    public static string Of(byte value) => _characters[value].ToString();

    /// <summary>The bytes of UTF-8 as characters.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(bytes.Length, bytes, (characters, from) =>
        {
            for (int i = 0; i < from.Length; i++)
            {
                characters[i] = _characters[from[i]];
            }
        });
    }

    /// <summary>Adds the bytes of a token; if one of its characters stands for no byte, those of its UTF-8.</summary>
    public static void Decode(string token, List<byte> bytes)
    {
        int start = bytes.Count;
        foreach (char character in token)
        {
            if (character >= _bytes.Length || _bytes[character] < 0)
            {
                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            bytes.Add((byte)_bytes[character]);
        }
    }

    private static char[] Characters()
    {
        char[] characters = new char[256];
        int others = 0;
        for (int value = 0; value < characters.Length; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            characters[value] = (char)(isPrintable ? value : 256 + others++);
        }

        return characters;
    }

    private static short[] Bytes()
    {
        short[] bytes = new short[_characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (short value = 0; value < _characters.Length; value++)
        {
            bytes[_characters[value]] = value;
        }

        return bytes;
    }
}
