using Microsoft.ML.Tokenizers;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// A Llama tokenizer based on Microsoft.ML.Tokenizers, with corrections where version 2.0.1 differs from SentencePiece:
/// of two overlapping merges with equal scores ("mmm" contains "mm" twice) it takes the right one, SentencePiece the left one,
/// and it adds no BOS to an empty text. Text in which merges can overlap is therefore encoded by <see cref="LeftmostMerge"/>.
/// </summary>
internal sealed class LlamaBpeTokenizer(LlamaTokenizer tokenizer, SentencePieceVocabulary vocabulary) : ITokenizer
{
    private readonly LeftmostMerge _leftmost = new(vocabulary);

    public int VocabularySize => vocabulary.Size;

    public int BosId => tokenizer.BeginningOfSentenceId;

    public int? UnknownId => vocabulary.HasBytes ? null : vocabulary.UnknownId;

    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            return [BosId];
        }

        string normalized = tokenizer.Normalizer?.Normalize(text) ?? text;
        if (!MergesCanOverlap(normalized))
        {
            int[] ids =
                [.. tokenizer.EncodeToIds(normalized, addBeginningOfSentence: true, addEndOfSentence: false, considerNormalization: false)];
            if (!vocabulary.ContainsControl(ids.AsSpan(1)))
            {
                return ids;
            }
        }

        return [BosId, .. _leftmost.Encode(normalized)];
    }

    public string Decode(IReadOnlyList<int> ids) => tokenizer.Decode(ids, considerSpecialTokens: false);

    /// <summary>
    /// Two occurrences of a piece can only overlap in periodic text: with period p over more than 2p characters, where p is less than the
    /// length of the longest piece.
    /// </summary>
    private bool MergesCanOverlap(string text)
    {
        for (int period = 1; period < vocabulary.MaxPieceLength && 2 * period < text.Length; period++)
        {
            int equal = 0;
            for (int i = period; i < text.Length; i++)
            {
                equal = text[i] == text[i - period] ? equal + 1 : 0;
                if (equal > period)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
