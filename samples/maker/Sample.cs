using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.SampleMaker.Pretraining;
using LoraLab.SampleMaker.Text;
using LoraLab.SampleMaker.Tokenization;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Tokenization;
using LoraLab.Training.Torch;

namespace LoraLab.SampleMaker;

/// <summary>Generates the bundled sample from one seed: data, tokenizer and pre-trained model.</summary>
internal static class Sample
{
    /// <summary>Seed of the whole sample.</summary>
    public const ulong Seed = 1;

    /// <summary>Number of reviews that the tokenizer is trained on.</summary>
    public const int TokenizerReviews = 5000;

    /// <summary>Number of learned pieces; with the reserved ones, the vocabulary has 1,024.</summary>
    public const int LearnedPieces = 1024 - SentencePieceModel.ReservedPieces;

    /// <summary>Number of pre-training steps.</summary>
    public const int PretrainingSteps = 1800;

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    public static void Make(string samples)
    {
        SampleData data = SampleData.Generate(Seed);
        WriteData(Path.Combine(samples, "data"), data);
        string model = Directory.CreateDirectory(Path.Combine(samples, "model")).FullName;
        File.WriteAllBytes(Path.Combine(model, "tokenizer.model"), Tokenizer(data));
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), TokenizerConfig());
        Pretrain(model, data);
    }

    /// <summary>Writes the labeled rows in the GLUE layout.</summary>
    public static void WriteData(string folder, SampleData data)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "train.tsv"), SampleData.ToTsv(data.Training));
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), SampleData.ToTsv(data.Evaluation));
        JsonObject manifest = new()
        {
            ["train"] = "train.tsv",
            ["eval"] = "dev.tsv",
            ["format"] = "tsv",
            ["sentenceColumn"] = "sentence",
            ["labelColumn"] = "label",
            ["labels"] = new JsonArray("negative", "positive"),
            ["labelValues"] = new JsonObject { ["0"] = "negative", ["1"] = "positive" },
            ["toy"] = true,
        };
        File.WriteAllText(Path.Combine(folder, "dataset.json"), manifest.ToJsonString(_indented) + "\n");
    }

    /// <summary>Returns the bytes of <c>tokenizer.model</c>.</summary>
    public static byte[] Tokenizer(SampleData data) =>
        SentencePieceModel.Write(BpeTrainer.Train(
            new ReviewCorpus(Seed, data).Reviews(TokenizerReviews).Select(review => review.Text), LearnedPieces));

    /// <summary>Returns the text of <c>tokenizer_config.json</c>, which Hugging Face libraries read, but not LoraLab.</summary>
    public static string TokenizerConfig() => new JsonObject
    {
        ["tokenizer_class"] = "LlamaTokenizer",
        ["add_bos_token"] = true,
        ["add_eos_token"] = false,
        ["unk_token"] = "<unk>",
        ["bos_token"] = "<s>",
        ["eos_token"] = "</s>",
        ["legacy"] = true,
        ["model_max_length"] = TinyModel.ContextLength,
    }.ToJsonString(ContractJson.Indented) + "\n";

    private static void Pretrain(string folder, SampleData data)
    {
        TorchRuntime.EnsureLoaded();
        ITokenizer tokenizer = LlamaTokenizerFile.Load(folder);
        LlamaConfig config = TinyModel.Config(tokenizer.VocabularySize);
        Console.WriteLine($"pre-training {config.ParameterCount:N0} parameters for {PretrainingSteps} steps");
        using LlamaModel model = TinyModel.Create(config, Seed);
        double loss = new Pretrainer(model, tokenizer)
            .Train(new ReviewCorpus(Seed, data).Documents(PretrainingSteps * Pretrainer.Batch), PretrainingSteps);
        Console.WriteLine($"mean loss of the last tenth: {loss:F4}");
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            model.NamedWeights().ToDictionary(weight => weight.Key, weight => weight.Value.detach()),
            new Dictionary<string, string> { ["format"] = "pt" });
        File.WriteAllText(Path.Combine(folder, LlamaConfig.FileName), TinyModel.ConfigJson(config).ToJsonString(_indented) + "\n");
    }
}
