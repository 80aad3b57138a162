using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>
/// Byte-pair encoding as Hugging Face's tokenizers does it (<c>models/bpe/model.rs</c>). Microsoft.ML.Tokenizers takes the right one of two
/// overlapping merges of equal rank, so it does not give the same ids.
/// </summary>
internal sealed class BytePairModel : ITokenModel
{
    private const char WordStart = '\u2581';

    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly MergeTable _merges;
    private readonly BytePairOptions _options;
    private readonly bool _startsWords;
    private readonly int[]? _byteSymbols;
    private readonly int[] _fallback = new int[256];
    private readonly int? _unknown;
    private readonly WordCache _words = new();
    private readonly List<int> _symbols = [];

    /// <summary>A model.</summary>
    /// <param name="vocabulary">Tokens by text.</param>
    /// <param name="merges">Merges.</param>
    /// <param name="options">Options; the unknown token is in the vocabulary.</param>
    /// <param name="crossesWords">Whether a merge has SentencePiece's space behind another character.</param>
    public BytePairModel(Dictionary<string, int> vocabulary, MergeTable merges, BytePairOptions options, bool crossesWords)
    {
        (_vocabulary, _merges, _options) = (vocabulary, merges, options);
        _bySpan = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _unknown = options.UnknownToken is string token ? vocabulary[token] : null;
        int[] bytes = [.. Enumerable.Range(0, 256).Select(value => Find(ByteAlphabet.Of((byte)value)))];
        _byteSymbols = options.IsByteLevel && Array.TrueForAll(bytes, id => id >= 0) ? bytes : null;
        for (int value = 0; value < _fallback.Length; value++)
        {
            _fallback[value] = Find(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"));
        }

        // A space starts a word that no merge leaves, so that words can be encoded, and remembered, one by one.
        _startsWords = !options.IsByteLevel && !options.IgnoreMerges && !crossesWords && vocabulary.ContainsKey(WordStart.ToString());
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    /// <inheritdoc />
    public int? UnknownId =>
        _byteSymbols is not null || (_options.ByteFallback && Array.TrueForAll(_fallback, id => id >= 0)) ? null : _unknown;

    /// <inheritdoc />
    public bool IsByteLevel => _options.IsByteLevel;

    /// <inheritdoc />
    public bool FusesUnknown => _options.FuseUnknown;

    /// <summary>Whether the text of a merge has SentencePiece's space behind another character.</summary>
    public static bool CrossesWords(ReadOnlySpan<char> merged) => merged.TrimStart(WordStart).Contains(WordStart);

    /// <inheritdoc />
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        while (_startsWords && piece.Length > 0)
        {
            int end = 1;
            while (end < piece.Length && (piece[end] != WordStart || piece[end - 1] == WordStart))
            {
                end++;
            }

            EncodeWord(piece[..end], ids);
            piece = piece[end..];
        }

        if (piece.Length > 0)
        {
            EncodeWord(piece, ids);
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_words.TryGet(word, out int[]? known))
        {
            ids.AddRange(known!);
            return;
        }

        Span<int> symbols = Symbols(word);
        symbols = symbols[..PairMerging.Merge(symbols, _merges)];
        _words.Add(word, symbols);
        ids.AddRange(symbols);
    }

    /// <summary>The symbols of a word before merging, or the word itself if it is a token and needs no merges.</summary>
    private Span<int> Symbols(ReadOnlySpan<char> word)
    {
        _symbols.Clear();
        if (_byteSymbols is not null && !_options.IgnoreMerges)
        {
            AddBytes(word, _byteSymbols);
        }
        else
        {
            ReadOnlySpan<char> text = _options.IsByteLevel ? ByteAlphabet.Encode(word) : word;
            if (_options.IgnoreMerges && _bySpan.TryGetValue(text, out int whole))
            {
                _symbols.Add(whole);
            }
            else
            {
                AddCharacters(text);
            }
        }

        return CollectionsMarshal.AsSpan(_symbols);
    }

    private void AddBytes(ReadOnlySpan<char> word, int[] symbols)
    {
        const int OnStack = 512;
        Span<byte> bytes = word.Length * 3 <= OnStack ? stackalloc byte[OnStack] : new byte[word.Length * 3];
        foreach (byte value in bytes[..Encoding.UTF8.GetBytes(word, bytes)])
        {
            _symbols.Add(symbols[value]);
        }
    }

    private void AddCharacters(ReadOnlySpan<char> text)
    {
        bool pending = false;
        for (int i = 0, length; i < text.Length; i += length)
        {
            length = CodePoint.At(text, i).Length;
            ReadOnlySpan<char> character = text.Slice(i, length);
            if (_bySpan.TryGetValue(character, out int id))
            {
                if (pending)
                {
                    _symbols.Add(_unknown!.Value);
                    pending = false;
                }

                _symbols.Add(id);
            }
            else if (!(_options.ByteFallback && AddFallback(character)) && _unknown is int unknown)
            {
                if (pending && !_options.FuseUnknown)
                {
                    _symbols.Add(unknown);
                }

                pending = true;
            }
        }

        if (pending)
        {
            _symbols.Add(_unknown!.Value);
        }
    }

    private bool AddFallback(ReadOnlySpan<char> character)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..Encoding.UTF8.GetBytes(character, bytes)];
        foreach (byte value in bytes)
        {
            if (_fallback[value] < 0)
            {
                return false;
            }
        }

        foreach (byte value in bytes)
        {
            _symbols.Add(_fallback[value]);
        }

        return true;
    }

    private int Find(string token) => _vocabulary.TryGetValue(token, out int id) ? id : -1;
}
