using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Generation;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Greedy generation with the shape of the paper's model, without and with cached keys and values.</summary>
/// <param name="layers">Number of blocks.</param>
/// <param name="dtype">Precision of the weights.</param>
internal sealed class Generation(int layers, ScalarType dtype) : IMeasurement
{
    private const int Prompt = 256;
    private const int Tokens = 64;

    /// <inheritdoc />
    public string Name => $"generation-tinyllama{layers}-{PrecisionNames.Of(dtype)}";

    /// <inheritdoc />
    public string Description => $"{Tokens} tokens after a prompt of {Prompt}, TinyLlama shape with {layers} blocks, "
        + PrecisionNames.Of(dtype);

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        bench.RequireGpuFor(layers);
        bench.Require(dtype);
        using LlamaModel model = RandomWeights.Build(RandomWeights.TinyLlama(bench.TinyLlama, layers), dtype, bench.Device);
        Random random = new(1);
        int[] prompt = [.. Enumerable.Range(0, Prompt).Select(_ => random.Next(3, model.Config.VocabularySize))];
        int[] without = NaiveGeneration.Run(model, prompt, Tokens);
        int same = without.Zip(With()).TakeWhile(pair => pair.First == pair.Second).Count();
        if (dtype == ScalarType.Float32 && same < Tokens)
        {
            throw new NotMeasuredException($"the two texts differ after {same} tokens.");
        }

        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("without", 1, _ => NaiveGeneration.Run(model, prompt, Tokens)),
            [bench.Side("with", 1, _ => With())],
            warmUp: 0);
        Target? target = dtype == ScalarType.Float32 ? Target.AtLeast(8) : null;
        return [bench.Speedup(
            this, compared, "a pass over the whole text per token", "cached keys and values", target: target,
            note: $"the first {same} of {Tokens} tokens are the same")];

        IEnumerable<int> With() => TextGeneration.Run(model, [prompt], new(Tokens), CancellationToken.None)[0].Ids;
    }
}
