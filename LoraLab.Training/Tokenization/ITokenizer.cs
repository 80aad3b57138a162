namespace LoraLab.Training.Tokenization;

/// <summary>A model's tokenizer. Text is only ever text: what looks like a special token is not one.</summary>
public interface ITokenizer
{
    /// <summary>Number of pieces.</summary>
    int VocabularySize { get; }

    /// <summary>Id that begins every sequence.</summary>
    int BosId { get; }

    /// <summary>Id of text that the vocabulary has no pieces for; null where every text has pieces (bytes at worst).</summary>
    int? UnknownId => null;

    /// <summary>The ids of a text, BOS first, no EOS.</summary>
    int[] Encode(string text);

    /// <summary>The text of ids; control ids such as BOS give nothing.</summary>
    string Decode(IReadOnlyList<int> ids);
}
