using System.Globalization;
using System.Text;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>
/// The unigram model: the tokens with the highest sum of scores (tokenizers, <c>models/unigram/model.rs</c>, <c>encode_optimized</c>;
/// Kudo 2018, https://arxiv.org/abs/1804.10959). Neighboring unknown characters are one unknown token.
/// </summary>
internal sealed class UnigramModel : ITokenModel
{
    // Of an unknown character, below the lowest score.
    private const double UnknownPenalty = 10;

    private readonly IReadOnlyList<(string Token, double Score)> _tokens;
    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, int> _children = [];
    private readonly List<int> _tokenOf = [-1];
    private readonly int[] _fallback = new int[256];
    private readonly int? _unknown;
    private readonly bool _byteFallback;
    private readonly double _unknownScore;
    private readonly WordCache _words = new();
    private readonly List<int> _found = [];

    /// <summary>A model.</summary>
    /// <param name="tokens">Tokens with their scores; of two with the same text, the last one counts.</param>
    /// <param name="unknown">Unknown token; null: there is none.</param>
    /// <param name="byteFallback">Whether unknown characters become byte tokens such as <c>&lt;0x0A&gt;</c>.</param>
    public UnigramModel(IReadOnlyList<(string Token, double Score)> tokens, int? unknown, bool byteFallback)
    {
        (_tokens, _unknown, _byteFallback) = (tokens, unknown, byteFallback);
        for (int id = 0; id < tokens.Count; id++)
        {
            _vocabulary[tokens[id].Token] = id;
            Insert(tokens[id].Token, id);
        }

        _unknownScore = (tokens.Count > 0 ? tokens.Min(token => token.Score) : 0) - UnknownPenalty;
        for (int value = 0; value < _fallback.Length; value++)
        {
            string token = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            _fallback[value] = _vocabulary.TryGetValue(token, out int id) ? id : -1;
        }
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    /// <inheritdoc />
    public int? UnknownId => _byteFallback && Array.TrueForAll(_fallback, id => id >= 0) ? null : _unknown;

    /// <inheritdoc />
    public bool IsByteLevel => false;

    /// <inheritdoc />
    public bool FusesUnknown => true;

    /// <inheritdoc />
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (_words.TryGet(piece, out int[]? known))
        {
            ids.AddRange(known!);
            return;
        }

        _found.Clear();
        AddBest(piece);
        _words.Add(piece, [.. _found]);
        ids.AddRange(_found);
    }

    private void Insert(string token, int id)
    {
        int node = 0;
        foreach (char unit in token)
        {
            ulong key = ((ulong)(uint)node << 16) | unit;
            if (!_children.TryGetValue(key, out node))
            {
                node = _tokenOf.Count;
                _tokenOf.Add(-1);
                _children.Add(key, node);
            }
        }

        _tokenOf[node] = node == 0 ? -1 : id;
    }

    private void AddBest(ReadOnlySpan<char> piece)
    {
        Step[] best = new Step[piece.Length + 1];
        for (int start = 0; start < piece.Length;)
        {
            int single = CodePoint.At(piece, start).Length;
            bool hasSingle = false;
            double score = best[start].Score;
            int node = 0;
            for (int end = start; end < piece.Length && _children.TryGetValue(((ulong)(uint)node << 16) | piece[end], out node); end++)
            {
                if (_tokenOf[node] >= 0)
                {
                    Offer(ref best[end + 1], start, _tokenOf[node], score + _tokens[_tokenOf[node]].Score);
                    hasSingle |= end + 1 - start == single;
                }
            }

            if (!hasSingle)
            {
                int unknown = _unknown ?? throw RunFailure.BadData(
                    $"The tokenizer has no token for '{Excerpt.Of(piece.Slice(start, single).ToString())}' and no unknown token "
                        + "(model.unk_id is null); leave the character out or use another model.",
                    "dataset");
                Offer(ref best[start + single], start, unknown, score + _unknownScore);
            }

            start += single;
        }

        List<(int Start, int End, int Id)> path = [];
        for (int end = piece.Length; end > 0; end = best[end].Start)
        {
            path.Add((best[end].Start, end, best[end].Id));
        }

        path.Reverse();
        for (int i = 0, next; i < path.Count; i = next)
        {
            next = i + 1;
            while (path[i].Id == _unknown && next < path.Count && path[next].Id == _unknown)
            {
                next++;
            }

            AddText(piece[path[i].Start..path[next - 1].End]);
        }
    }

    private static void Offer(ref Step step, int start, int id, double score)
    {
        if (!step.IsReached || score > step.Score)
        {
            step = new(true, start, id, score);
        }
    }

    private void AddText(ReadOnlySpan<char> text)
    {
        if (_vocabulary.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out int id))
        {
            _found.Add(id);
            return;
        }

        byte[] bytes = _byteFallback ? Encoding.UTF8.GetBytes(text.ToArray()) : [];
        if (bytes.Length > 0 && Array.TrueForAll(bytes, value => _fallback[value] >= 0))
        {
            _found.AddRange(bytes.Select(value => _fallback[value]));
        }
        else
        {
            _found.Add(_unknown!.Value);
        }
    }

    /// <summary>The best way to an end.</summary>
    private readonly record struct Step(bool IsReached, int Start, int Id, double Score);
}
