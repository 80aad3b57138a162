using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using Microsoft.ML.Tokenizers;

namespace LoraLab.Training.Tokenization;

/// <summary>Loads the SentencePiece BPE <c>tokenizer.model</c> of a Llama model.</summary>
public static class LlamaTokenizerFile
{
    /// <summary>Name of the file.</summary>
    public const string FileName = TokenizerModelFile.Name;

    /// <summary>Loads the tokenizer of a model folder.</summary>
    /// <exception cref="RunFailure">There is no <c>tokenizer.model</c>, or it is not a SentencePiece BPE model.</exception>
    public static ITokenizer Load(string modelFolder) => Load(modelFolder, out _);

    /// <summary>Loads the tokenizer of a model folder and returns the SHA-256 of the file.</summary>
    /// <exception cref="RunFailure">There is no <c>tokenizer.model</c>, or it is not a SentencePiece BPE model.</exception>
    public static ITokenizer Load(string modelFolder, out string sha256) => Load(modelFolder, out sha256, out _);

    /// <summary>As <see cref="Load(string, out string)"/>, with the warnings about its configuration.</summary>
    /// <exception cref="RunFailure">
    /// There is no <c>tokenizer.model</c>, it is not a SentencePiece BPE model, or <c>tokenizer_config.json</c> asks for another encoding.
    /// </exception>
    public static ITokenizer Load(string modelFolder, out string sha256, out IReadOnlyList<string> warnings)
    {
        string path = Path.Combine(modelFolder, FileName);
        if (!File.Exists(path))
        {
            throw RunFailure.BadData($"The model in {modelFolder} {TokenizerModelFile.MissingMessage(modelFolder)}.", "model");
        }

        try
        {
            byte[] model = File.ReadAllBytes(path);
            sha256 = Sha256Hash.OfBytes(model);
            warnings = TokenizerConfigKeys.Check(modelFolder, TokenizerModelFormat.Read(model));
            // First, because its errors name the piece.
            SentencePieceVocabulary vocabulary = new(model);
            using MemoryStream stream = new(model);
            return new LlamaBpeTokenizer(LlamaTokenizer.Create(stream), vocabulary);
        }
        catch (FormatException problem)
        {
            throw RunFailure.BadData($"{path} {problem.Message}.", "model", problem);
        }
        catch (Exception problem) when (problem is not RunFailure)
        {
            throw RunFailure.BadData($"{path} is not a supported SentencePiece BPE model: {problem.Message}", "model", problem);
        }
    }
}
