using LoraLab.Training.Errors;
using Microsoft.ML.Tokenizers;

namespace LoraLab.Training.Tokenization;

/// <summary>Opens the SentencePiece BPE <c>tokenizer.model</c> of a Llama model.</summary>
public static class LlamaTokenizerFile
{
    private const string FileName = "tokenizer.model";

    /// <summary>The tokenizer of a model folder.</summary>
    /// <exception cref="RunFailure">There is no <c>tokenizer.model</c>, or it is not a SentencePiece BPE model.</exception>
    public static ITokenizer Load(string modelFolder)
    {
        string path = Path.Combine(modelFolder, FileName);
        if (!File.Exists(path))
        {
            throw RunFailure.BadData(
                File.Exists(Path.Combine(modelFolder, "tokenizer.json"))
                    ? $"The model in {modelFolder} has only a tokenizer.json; LoraLab reads SentencePiece models, so a {FileName} is needed."
                    : $"The model in {modelFolder} has no {FileName}.",
                "model");
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            return new SentencePieceText(LlamaTokenizer.Create(file));
        }
        catch (Exception problem) when (problem is not RunFailure)
        {
            throw RunFailure.BadData($"{path} is not a SentencePiece BPE model: {problem.Message}", "model", problem);
        }
    }

    private sealed class SentencePieceText(LlamaTokenizer tokenizer) : ITokenizer
    {
        public int VocabularySize { get; } = tokenizer.Vocabulary.Count;

        public int BosId => tokenizer.BeginningOfSentenceId;

        public int[] Encode(string text)
        {
            IReadOnlyList<int> ids = tokenizer.EncodeToIds(text, addBeginningOfSentence: true, addEndOfSentence: false);
            return [.. ids];
        }

        public string Decode(IReadOnlyList<int> ids) => tokenizer.Decode(ids, considerSpecialTokens: false);
    }
}
