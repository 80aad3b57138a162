using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// A tokenizer with added tokens that the model has no embeddings for, such as the image token of a text model. A text that contains one is
/// refused.
/// </summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="embeddings">Number of embeddings.</param>
internal sealed class EmbeddedTokens(ITokenizer tokenizer, int embeddings) : ITokenizer
{
    /// <inheritdoc />
    public string FileName => tokenizer.FileName;

    /// <inheritdoc />
    public int VocabularySize => tokenizer.VocabularySize;

    /// <inheritdoc />
    public int LastId => tokenizer.LastId;

    /// <inheritdoc />
    public IReadOnlyList<int> Prefix => tokenizer.Prefix;

    /// <inheritdoc />
    public int? UnknownId => tokenizer.UnknownId;

    /// <inheritdoc />
    public TextConventions Conventions => tokenizer.Conventions;

    /// <inheritdoc />
    public int? EndId => tokenizer.EndId;

    /// <inheritdoc />
    public string? EndToken => tokenizer.EndToken;

    /// <inheritdoc />
    public int[] Encode(string text, bool withPrefix) => Embedded(text, tokenizer.Encode(text, withPrefix));

    /// <inheritdoc />
    public int[] Encode(string text, IReadOnlyList<int> positions, out TokenMark[] marks) =>
        Embedded(text, tokenizer.Encode(text, positions, out marks));

    /// <inheritdoc />
    public string Decode(IReadOnlyList<int> ids) => tokenizer.Decode(ids);

    /// <inheritdoc />
    public string PieceOf(int id) => tokenizer.PieceOf(id);

    /// <inheritdoc />
    public string? SpecialTokenIn(string text) => tokenizer.SpecialTokenIn(text);

    private int[] Embedded(string text, int[] ids)
    {
        int beyond = Array.FindIndex(ids, id => id >= embeddings);
        return beyond < 0 ? ids : throw RunFailure.BadData(
            $"The text '{Excerpt.Of(text)}' contains an added token with id {ids[beyond]}, but the model has {embeddings} embeddings "
                + "(vocab_size); remove the token from the text.",
            "dataset");
    }
}
