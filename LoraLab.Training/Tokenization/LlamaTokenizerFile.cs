using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using Microsoft.ML.Tokenizers;

namespace LoraLab.Training.Tokenization;

/// <summary>Loads the SentencePiece BPE <c>tokenizer.model</c> of a Llama model.</summary>
public static class LlamaTokenizerFile
{
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
        (ITokenizer tokenizer, TokenizerModelFormat format) = Read(modelFolder, out sha256);
        warnings = TokenizerConfigKeys.Check(modelFolder, format);
        return tokenizer;
    }

    /// <summary>Loads the tokenizer of a model folder, whatever its <c>tokenizer_config.json</c> says.</summary>
    /// <exception cref="RunFailure">There is no <c>tokenizer.model</c>, or it is not a SentencePiece BPE model.</exception>
    internal static ITokenizer LoadWithoutConfiguration(string modelFolder) => Read(modelFolder, out _).Tokenizer;

    private static (ITokenizer Tokenizer, TokenizerModelFormat Format) Read(string modelFolder, out string sha256)
    {
        string path = Path.Combine(modelFolder, TokenizerFiles.Model);
        if (!File.Exists(path))
        {
            throw RunFailure.BadData($"The model in {modelFolder} has no {TokenizerFiles.Model}.", "model");
        }

        try
        {
            byte[] model = File.ReadAllBytes(path);
            sha256 = Sha256Hash.OfBytes(model);
            TokenizerModelFormat format = TokenizerModelFormat.Read(model);
            // First, because its errors name the piece.
            SentencePieceVocabulary vocabulary = new(model);
            using MemoryStream stream = new(model);
            TextConventions conventions = TextConventions.Read(modelFolder);
            return (new LlamaBpeTokenizer(LlamaTokenizer.Create(stream), vocabulary) { Conventions = conventions }, format);
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
