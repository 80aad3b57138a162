using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using Microsoft.ML.Tokenizers;

namespace LoraLab.Training.Tokenization;

/// <summary>Opens the SentencePiece BPE <c>tokenizer.model</c> of a Llama model.</summary>
public static class LlamaTokenizerFile
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "tokenizer.model";

    /// <summary>The tokenizer of a model folder.</summary>
    /// <exception cref="RunFailure">There is no <c>tokenizer.model</c>, or it is not a SentencePiece BPE model.</exception>
    public static ITokenizer Load(string modelFolder) => Load(modelFolder, out _);

    /// <summary>As the other, with the hash of the file's bytes.</summary>
    /// <exception cref="RunFailure">There is no <c>tokenizer.model</c>, or it is not a SentencePiece BPE model.</exception>
    public static ITokenizer Load(string modelFolder, out string sha256)
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
            byte[] model = File.ReadAllBytes(path);
            sha256 = Sha256Hash.OfBytes(model);
            // First, as its complaints name the piece.
            SentencePieceVocabulary vocabulary = new(model);
            using MemoryStream stream = new(model);
            return new LlamaBpeTokenizer(LlamaTokenizer.Create(stream), vocabulary);
        }
        catch (Exception problem) when (problem is not RunFailure)
        {
            throw RunFailure.BadData($"{path} is not a SentencePiece BPE model that LoraLab can read: {problem.Message}", "model", problem);
        }
    }
}
