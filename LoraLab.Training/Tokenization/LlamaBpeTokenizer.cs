using LoraLab.Training.Files;
using Microsoft.ML.Tokenizers;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// A Llama tokenizer. Microsoft.ML.Tokenizers reads the file, normalizes and decodes; <see cref="LeftmostMerge"/> encodes, because version
/// 2.0.1 takes the right one of two overlapping merges with equal scores, whether of the same piece ("mmm" contains "mm" twice) or of
/// different ones, where SentencePiece takes the left one. It also adds no BOS to an empty text. Special tokens are not looked for in
/// texts: a text that looks like one is encoded as text, as SentencePiece does.
/// </summary>
internal sealed class LlamaBpeTokenizer(LlamaTokenizer tokenizer, SentencePieceVocabulary vocabulary) : ITokenizer
{
    private readonly LeftmostMerge _leftmost = new(vocabulary);

    public string FileName => TokenizerFiles.Model;

    public int VocabularySize => vocabulary.Size;

    public IReadOnlyList<int> Prefix { get; } = [tokenizer.BeginningOfSentenceId];

    public int? UnknownId => vocabulary.HasBytes ? null : vocabulary.UnknownId;

    public TextConventions Conventions { get; init; } = TextConventions.None;

    public int? EndId => tokenizer.EndOfSentenceId;

    public string? EndToken => tokenizer.EndOfSentenceToken;

    public int[] Encode(string text, IReadOnlyList<int> positions, out TokenMark[] marks)
    {
        ArgumentNullException.ThrowIfNull(text);
        TokenMarking marking = new(positions, Prefix.Count);
        string normalized = Normalize(text);
        List<(int Start, int End)> spans = [];
        List<int> ids = text.Length == 0 ? [] : _leftmost.Encode(normalized, spans);
        marking.Add(marking.In(0, text, normalized, Normalize), spans);
        marks = marking.Marks;
        return [.. Prefix, .. ids];
    }

    public int[] Encode(string text, bool withPrefix)
    {
        ArgumentNullException.ThrowIfNull(text);
        IReadOnlyList<int> prefix = withPrefix ? Prefix : [];
        return text.Length == 0 ? [.. prefix] : [.. prefix, .. _leftmost.Encode(Normalize(text))];
    }

    public string Decode(IReadOnlyList<int> ids) => tokenizer.Decode(ids, considerSpecialTokens: false);

    public string PieceOf(int id) => vocabulary.PieceOf(id);

    private string Normalize(string text) => tokenizer.Normalizer?.Normalize(text) ?? text;
}
