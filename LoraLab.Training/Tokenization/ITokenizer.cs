namespace LoraLab.Training.Tokenization;

/// <summary>A model's tokenizer. Special tokens are not parsed from text: text that looks like one is encoded as text.</summary>
public interface ITokenizer
{
    /// <summary>Number of tokens.</summary>
    int VocabularySize { get; }

    /// <summary>Id of the BOS token, which starts every sequence.</summary>
    int BosId { get; }

    /// <summary>Id of the unknown token; null if every text can be encoded (byte fallback).</summary>
    int? UnknownId => null;

    /// <summary>Encodes a text, with BOS and without EOS.</summary>
    int[] Encode(string text);

    /// <summary>Decodes ids; control tokens such as BOS are skipped.</summary>
    string Decode(IReadOnlyList<int> ids);
}
