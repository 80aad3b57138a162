using System.Text;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// SentencePiece's byte-pair encoding: of all neighboring symbols whose concatenation is a piece, the pair with the highest
/// score is merged, the leftmost first on ties, until none is left; a symbol that is not a piece is encoded as its bytes.
/// </summary>
internal sealed class LeftmostMerge(SentencePieceVocabulary vocabulary)
{
    private static readonly Comparer<(float Score, int Left)> _bestFirst =
        Comparer<(float Score, int Left)>.Create((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Left.CompareTo(b.Left));

    /// <summary>Encodes a text that is already normalized (spaces escaped, dummy prefix added), without BOS.</summary>
    /// <param name="text">Text.</param>
    /// <param name="spans">Receives the start and the end of the characters of each token; null: not needed.</param>
    public List<int> Encode(string text, List<(int Start, int End)>? spans = null)
    {
        Span<Symbol> symbols = Split(text);
        PriorityQueue<(int Left, int Right, int Length), (float, int)> agenda = new(_bestFirst);
        for (int i = 1; i < symbols.Length; i++)
        {
            EnqueuePair(agenda, text, symbols, i - 1, i);
        }

        while (agenda.TryDequeue(out (int Left, int Right, int Length) pair, out _))
        {
            ref Symbol left = ref symbols[pair.Left];
            ref Symbol right = ref symbols[pair.Right];
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
            {
                continue; // Stale: one of the two has been merged since.
            }

            left.Length = pair.Length;
            left.Next = right.Next;
            right.Length = 0;
            if (left.Next >= 0)
            {
                symbols[left.Next].Previous = pair.Left;
                EnqueuePair(agenda, text, symbols, pair.Left, left.Next);
            }

            if (left.Previous >= 0)
            {
                EnqueuePair(agenda, text, symbols, left.Previous, pair.Left);
            }
        }

        return Ids(text, symbols, spans);
    }

    private static Symbol[] Split(string text)
    {
        List<Symbol> symbols = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            int length = char.IsSurrogatePair(text, i) ? 2 : 1;
            symbols.Add(new Symbol { Start = i, Length = length, Previous = symbols.Count - 1, Next = symbols.Count + 1 });
            i += length;
        }

        Symbol[] all = [.. symbols];
        if (all.Length > 0)
        {
            all[^1].Next = -1;
        }

        return all;
    }

    private void EnqueuePair(
        PriorityQueue<(int Left, int Right, int Length), (float, int)> agenda, string text, Span<Symbol> symbols, int left, int right)
    {
        int length = symbols[left].Length + symbols[right].Length;
        if (vocabulary.TryFind(text.AsSpan(symbols[left].Start, length), out (int Id, float Score) piece))
        {
            agenda.Enqueue((left, right, length), (piece.Score, left));
        }
    }

    private List<int> Ids(string text, Span<Symbol> symbols, List<(int Start, int End)>? spans)
    {
        List<int> ids = [];
        Span<byte> bytes = stackalloc byte[4];
        bool afterUnknown = false;
        foreach (Symbol symbol in symbols)
        {
            if (symbol.Length == 0)
            {
                continue;
            }

            ReadOnlySpan<char> piece = text.AsSpan(symbol.Start, symbol.Length);
            bool known = vocabulary.TryFind(piece, out (int Id, float Score) found);
            if (known)
            {
                ids.Add(found.Id);
            }
            else if (vocabulary.HasBytes)
            {
                foreach (byte value in bytes[..Encoding.UTF8.GetBytes(piece, bytes)])
                {
                    ids.Add(vocabulary.ByteId(value));
                }
            }
            else if (!afterUnknown)
            {
                ids.Add(vocabulary.UnknownId); // Consecutive unknown characters become one unknown token.
            }

            // Every byte of a character holds it; of unknown characters, one token holds them all.
            (int Start, int End) span = (symbol.Start, symbol.Start + symbol.Length);
            if (spans is not null && spans.Count == ids.Count)
            {
                spans[^1] = (spans[^1].Start, span.End);
            }

            while (spans?.Count < ids.Count)
            {
                spans.Add(span);
            }

            afterUnknown = !known;
        }

        return ids;
    }

    private struct Symbol
    {
        public int Start;
        public int Length;
        public int Previous;
        public int Next;
    }
}
