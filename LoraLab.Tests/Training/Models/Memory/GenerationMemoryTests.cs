using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Tasks;
using LoraLab.Training.Training;
using Xunit;

namespace LoraLab.Tests.Training.Models.Memory;

/// <summary>Texts that an evaluation generates count in its memory.</summary>
public sealed class GenerationMemoryTests
{
    private const double Mebibyte = 1024 * 1024;

    private static readonly LlamaConfig _config = new()
    {
        ModelType = "llama",
        HiddenSize = 2048,
        IntermediateSize = 5632,
        Layers = 22,
        Heads = 32,
        KeyValueHeadsOrNull = 4,
        VocabularySize = 32000,
        ContextLength = 2048,
    };

    [Theory]
    [InlineData(1, 512, 32)]
    [InlineData(8, 1000, 200)]
    [InlineData(8, 256, 1500)]
    public void Evaluation_ThatGenerates_HasRoomForTheKeysAndValuesOfItsTexts(int texts, int prompt, int generated)
    {
        MemoryEstimate without = MemoryEstimator.Of(Request(null));
        MemoryEstimate with = MemoryEstimator.Of(Request(new(texts, prompt, generated)));

        // Of each token in each block: keys and values of 4 heads of 64 in fp32.
        double cache = 22.0 * 2 * 4 * 64 * sizeof(float) * texts * (prompt + generated) / Mebibyte;
        Assert.True(with.EvaluationMb >= cache, $"{with.EvaluationMb} of {cache}");
        Assert.True(with.EvaluationMb >= without.EvaluationMb);
        Assert.True(with.TotalMb >= without.TotalMb);
    }

    [Fact]
    public void Evaluation_OfARunThatGenerates_TellsItsTexts()
    {
        using TestTrainer trainer = new();
        RunSpec spec = new() { Dataset = "sample-instructions", GenerateSamples = 3, GenerateTokens = 50, EvalSamples = 10 };
        using RunData data = RunData.Read(spec, trainer.Services.Models, trainer.Services.Datasets);
        using TaskEvaluation evaluation = data.Rows.CreateEvaluation(data.Config, TorchSharp.torch.CPU);

        Assert.Equal((3, 50), (evaluation.Generation!.Texts, evaluation.Generation.NewTokens));
        Assert.True(evaluation.Generation.PromptTokens > 0);
    }

    private static MemoryRequest Request(GenerationShape? generation)
    {
        RunSpec spec = new() { Rank = 8, Precision = Precision.Fp32 };
        return new()
        {
            Config = _config,
            Spec = spec,
            Adapters = MemoryRequest.AdaptersOf(spec, _config),
            Training = [PassShape.Largest(4, 32, prefix: 0)],
            Evaluation = [PassShape.Largest(4, 32, prefix: 0) with { HeadRows = 4 }],
            Generation = generation,
        };
    }
}
