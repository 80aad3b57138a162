using System.Text;
using LoraLab.Training.Files;
using LoraLab.Training.Tokenization.HuggingFace.AddedTokens;
using LoraLab.Training.Tokenization.HuggingFace.Decoders;
using LoraLab.Training.Tokenization.HuggingFace.Models;
using LoraLab.Training.Tokenization.HuggingFace.Normalizers;
using LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace;

/// <summary>
/// The tokenizer of a <c>tokenizer.json</c>, with the ids of Hugging Face's tokenizers 0.22: added tokens are found first, then the text
/// between them is normalized, divided, and encoded by the model.
/// </summary>
internal sealed class HuggingFaceTokenizer : ITokenizer
{
    private readonly AddedVocabulary _added;
    private readonly INormalizer? _normalizer;
    private readonly IPreTokenizer? _preTokenizer;
    private readonly ITokenModel _model;
    private readonly ITokenDecoder? _decoder;
    private readonly Lazy<Dictionary<int, string>> _texts;
    private readonly Lazy<TokenSpans> _spans;
    private readonly HashSet<int> _special;

    // The model and the memory below serve one text at a time.
    private readonly Lock _lock = new();
    private readonly TextScratch _scratch = new();
    private readonly List<AddedTokenPart> _plainParts = [];
    private readonly List<AddedTokenPart> _normalizedParts = [];
    private readonly List<Piece> _pieces = [];
    private readonly List<int> _ids = [];

    /// <summary>A tokenizer of its parts.</summary>
    public HuggingFaceTokenizer(
        AddedVocabulary added,
        INormalizer? normalizer,
        IPreTokenizer? preTokenizer,
        ITokenModel model,
        IReadOnlyList<int> prefix,
        ITokenDecoder? decoder)
    {
        (_added, _normalizer, _preTokenizer, _model, _decoder) = (added, normalizer, preTokenizer, model, decoder);
        Prefix = prefix;
        _texts = new(Texts);
        _spans = new(() => new(model, _texts.Value));
        VocabularySize = model.Vocabulary.Values.Concat(prefix).Append(-1).Max() + 1;
        LastId = Math.Max(VocabularySize - 1, added.Tokens.Select(token => token.Id).Append(-1).Max());
        _special = [.. added.Tokens.Where(token => token.IsSpecial).Select(token => token.Id)];
    }

    /// <inheritdoc />
    public string FileName => TokenizerFiles.Json;

    /// <inheritdoc />
    public int VocabularySize { get; }

    /// <inheritdoc />
    public int LastId { get; }

    /// <inheritdoc />
    public IReadOnlyList<int> Prefix { get; }

    /// <inheritdoc />
    public TextConventions Conventions { get; init; } = TextConventions.None;

    /// <inheritdoc />
    public int? EndId => (Conventions.EndToken is string token ? IdOf(token) : null) ?? Conventions.EndId;

    /// <inheritdoc />
    public string? EndToken => EndId is int id ? _texts.Value.GetValueOrDefault(id) : null;

    /// <summary>The added tokens.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _added.Tokens;

    /// <summary>Whether a text that does not start with a space is encoded as if it did.</summary>
    public bool AddsSpace => Prepends(_normalizer)
        || (_preTokenizer is PreTokenizerSequence sequence && sequence.Steps.Any(step =>
            step is MetaspaceSplit { AddsSpace: true } or ByteLevelSplit { AddsSpace: true }));

    /// <inheritdoc />
    public int? UnknownId => _model.UnknownId;

    /// <inheritdoc />
    public int[] Encode(string text, bool withPrefix) => Encode(text, withPrefix, marking: null);

    /// <inheritdoc />
    public int[] Encode(string text, IReadOnlyList<int> positions, out TokenMark[] marks)
    {
        TokenMarking marking = new(positions, Prefix.Count);
        int[] ids = Encode(text, withPrefix: true, marking);
        marks = marking.Marks;
        return ids;
    }

    private int[] Encode(string text, bool withPrefix, TokenMarking? marking)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_lock)
        {
            _ids.Clear();
            if (withPrefix)
            {
                _ids.AddRange(Prefix);
            }

            string row = CodePoints.WellFormed(text);
            _plainParts.Clear();
            _added.Find(row, _plainParts);
            foreach (AddedTokenPart part in _plainParts)
            {
                if (part.Token is AddedToken token)
                {
                    _ids.Add(token.Id);
                    marking?.Add(marking.In(part.Start, row[part.Start..part.End]), [(0, part.End - part.Start)]);
                }
                else
                {
                    EncodeBetween(row, part, marking);
                }
            }

            return [.. _ids];
        }
    }

    /// <inheritdoc />
    public string Decode(IReadOnlyList<int> ids)
    {
        Dictionary<int, string> texts = _texts.Value;
        List<string> tokens = [.. ids.Where(id => !_special.Contains(id) && texts.ContainsKey(id)).Select(id => texts[id])];
        return _decoder is null ? string.Join(' ', tokens) : string.Concat(_decoder.Decode(tokens));
    }

    /// <inheritdoc />
    public string PieceOf(int id) => _texts.Value.GetValueOrDefault(id, "");

    /// <inheritdoc />
    public string? SpecialTokenIn(string text) => _added.SpecialIn(text);

    /// <summary>The id of a token; null: there is no such token.</summary>
    public int? IdOf(string token) => _added.Tokens.FirstOrDefault(added => added.Content == token)?.Id
        ?? (_model.Vocabulary.TryGetValue(token, out int id) ? id : null);

    private Dictionary<int, string> Texts()
    {
        Dictionary<int, string> texts = _model.Vocabulary.ToDictionary(token => token.Value, token => token.Key);
        foreach (AddedToken token in _added.Tokens)
        {
            texts[token.Id] = token.Content;
        }

        return texts;
    }

    private static bool Prepends(INormalizer? normalizer) =>
        normalizer is PrependNormalizer || (normalizer is NormalizerSequence sequence && sequence.Steps.Any(Prepends));

    private void EncodeBetween(string row, AddedTokenPart part, TokenMarking? marking)
    {
        string between = part.Start == 0 && part.End == row.Length ? row : row[part.Start..part.End];
        NormalizedText text = new(between, part.Start == 0 ? CodePoint.At(between, 0).Length : 0);
        text = _normalizer?.Normalize(text, _scratch) ?? text;
        long[] at = marking?.In(part.Start, between, text.Text, Normalized) ?? [];
        _normalizedParts.Clear();
        _added.FindNormalized(text.Text, _normalizedParts);
        foreach (AddedTokenPart inner in _normalizedParts)
        {
            if (inner.Token is AddedToken token)
            {
                _ids.Add(token.Id);
                marking?.Add(at, [(inner.Start, inner.End)]);
                continue;
            }

            Piece piece = new(text.Text, inner.Start, inner.End - inner.Start, text.Leading);
            if (_preTokenizer is null)
            {
                EncodePiece(piece, text.Text, at, marking);
                continue;
            }

            _pieces.Clear();
            _preTokenizer.Split(in piece, _pieces, _scratch);
            foreach (Piece word in _pieces)
            {
                EncodePiece(word, text.Text, at, marking);
            }
        }
    }

    private void EncodePiece(in Piece piece, string normalized, long[] at, TokenMarking? marking)
    {
        int before = _ids.Count;
        _model.Encode(piece.Span, _ids);
        if (marking is null)
        {
            return;
        }

        long[] inPiece = new long[at.Length];
        for (int i = 0; i < at.Length; i++)
        {
            inPiece[i] = piece.Place(normalized, at[i]);
        }

        if (Array.TrueForAll(inPiece, place => place is long.MinValue or long.MaxValue))
        {
            // Nearly all pieces: no position is inside.
            marking.Add(inPiece, [.. Enumerable.Repeat((0, 1), _ids.Count - before)]);
            return;
        }

        for (int i = 0; _model.IsByteLevel && i < inPiece.Length; i++)
        {
            inPiece[i] = inPiece[i] is long.MinValue or long.MaxValue
                ? inPiece[i]
                : Encoding.UTF8.GetByteCount(piece.Span[..(int)inPiece[i]]);
        }

        marking.Add(inPiece, _spans.Value.Of(piece.Span, _ids[before..]));
    }

    private string Normalized(string beginning) =>
        _normalizer?.Normalize(new(beginning, CodePoint.At(beginning, 0).Length), _scratch).Text ?? beginning;
}
