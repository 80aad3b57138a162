namespace LoraLab.Training.Tokenization;

/// <summary>A model's tokenizer. Thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>Name of its file in a model folder, for messages.</summary>
    string FileName { get; }

    /// <summary>One more than the largest id in the model's vocabulary; each of these ids needs an embedding.</summary>
    int VocabularySize { get; }

    /// <summary>The largest id that a text can give; an added token may lie beyond the model's vocabulary.</summary>
    int LastId => VocabularySize - 1;

    /// <summary>Ids in front of every text, such as BOS; empty: none.</summary>
    IReadOnlyList<int> Prefix { get; }

    /// <summary>Id of the unknown token; null: there is none, or every text can be encoded (byte fallback).</summary>
    int? UnknownId => null;

    /// <summary>What the model's folder says about the texts that the model was trained on.</summary>
    TextConventions Conventions => TextConventions.None;

    /// <summary>Id of the token that ends a text; null: none is known.</summary>
    int? EndId => null;

    /// <summary>Text of the token that ends a text; null: none is known.</summary>
    string? EndToken => null;

    /// <summary>Encodes a text, with what stands in front of every text, and nothing behind.</summary>
    int[] Encode(string text) => Encode(text, withPrefix: true);

    /// <summary>Encodes a text.</summary>
    /// <param name="text">Text.</param>
    /// <param name="withPrefix">Whether <see cref="Prefix"/> is put in front.</param>
    int[] Encode(string text, bool withPrefix);

    /// <summary>Encodes a text with what stands in front of every text, and finds where positions of it lie among the ids.</summary>
    /// <param name="text">Text.</param>
    /// <param name="positions">Positions in the text, in UTF-16 units.</param>
    /// <param name="marks">For each position, its place among the ids.</param>
    int[] Encode(string text, IReadOnlyList<int> positions, out TokenMark[] marks);

    /// <summary>Decodes ids; special tokens such as BOS are skipped.</summary>
    string Decode(IReadOnlyList<int> ids);

    /// <summary>Text of a token as the vocabulary has it, for example <c>▁the</c>.</summary>
    string PieceOf(int id) => Decode([id]);

    /// <summary>The first special token whose text occurs in a text, where it becomes that token; null: none.</summary>
    string? SpecialTokenIn(string text) => null;
}
