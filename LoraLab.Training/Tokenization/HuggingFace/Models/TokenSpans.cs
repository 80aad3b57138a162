using System.Globalization;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>
/// Finds the characters that each token of a piece holds, by the texts of the tokens. Every byte token of a character holds the character.
/// </summary>
/// <param name="model">The model that encoded the piece.</param>
/// <param name="textOf">Text of each token.</param>
internal sealed class TokenSpans(ITokenModel model, IReadOnlyDictionary<int, string> textOf)
{
    /// <summary>Returns start and end of the tokens in a piece as the model spells it: of bytes, if each is a character.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="ids">Its ids.</param>
    public IReadOnlyList<(int Start, int End)> Of(ReadOnlySpan<char> piece, IReadOnlyList<int> ids)
    {
        string text = model.IsByteLevel ? ByteAlphabet.Encode(piece) : piece.ToString();
        List<(int Start, int End)> spans = [];
        int at = 0, bytesLeft = 0;
        for (int i = 0; i < ids.Count; i++)
        {
            int start = at;
            if (bytesLeft > 0)
            {
                at += --bytesLeft == 0 ? CodePoint.At(text, at).Length : 0;
                spans.Add((start, start + CodePoint.At(text, start).Length));
                continue;
            }

            if (at < text.Length && !Stands(text, at, ids[i]) && IsByte(ids[i]))
            {
                CodePoint point = CodePoint.At(text, at);
                bytesLeft = System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(at, point.Length)) - 1;
                at += bytesLeft == 0 ? point.Length : 0;
                spans.Add((start, start + point.Length));
                continue;
            }

            at = End(text, at, ids, i);
            spans.Add((start, at));
        }

        return spans;
    }

    private int End(string text, int at, IReadOnlyList<int> ids, int i)
    {
        if (Stands(text, at, ids[i]))
        {
            return at + textOf[ids[i]].Length;
        }

        // An unknown token, or characters in front of the token that the vocabulary leaves out.
        bool isUnknown = ids[i] == model.UnknownId;
        int end = at;
        do
        {
            end += end < text.Length ? CodePoint.At(text, end).Length : 0;
        }
        while (end < text.Length
            && (isUnknown ? model.FusesUnknown && !Follows(text, end, ids, i) : !Stands(text, end, ids[i])));
        return isUnknown || end == text.Length ? end : end + textOf[ids[i]].Length;
    }

    private bool Follows(string text, int at, IReadOnlyList<int> ids, int i)
    {
        ReadOnlySpan<char> character = text.AsSpan(at, CodePoint.At(text, at).Length);
        return i + 1 < ids.Count
            && (Stands(text, at, ids[i + 1]) || IsByte(ids[i + 1]) || model.Vocabulary.ContainsKey(character.ToString()));
    }

    private bool Stands(string text, int at, int id) =>
        textOf.TryGetValue(id, out string? token) && string.CompareOrdinal(text, at, token, 0, token.Length) == 0;

    private bool IsByte(int id) => textOf.TryGetValue(id, out string? token) && token.Length == 6
        && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);
}
