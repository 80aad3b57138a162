using LoraLab.Contracts.Methods;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>Full fine-tuning: every weight of the model is trained, without adapters. The baseline of all methods.</summary>
public sealed class FullMethod : LoraMethod<NoOptions>
{
    /// <inheritdoc />
    public override bool TrainsWeights => true;

    /// <inheritdoc />
    public override IReadOnlyList<AdapterFactor> Trained => [];

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "full",
        Name = "Full fine-tuning",
        Summary = "Trains every weight of the model; the baseline.",
        Formula = "W, all weights",
        Trains = "all weights of the model",
        Start = "The weights of the model",
        Shapes =
        [
            "y = x·Wᵀ + b, with W [out, in] and b trained",
            "Embedding, head, and the gains of all norms are trained too; a tied head is the embedding, and trained once",
            "Weight decay applies to all of them",
        ],
        Initialization =
        [
            "The weights are those of the model; nothing is random, so the seed has no effect",
            "In bf16 and fp16 the parameters are fp32 copies of the weights, and the model computes with their rounded values",
        ],
        Parameters = "in·out and biases, and all other weights of the model",
        Export = "A model in the Hugging Face layout: configuration and tokenizer of the base, and weights of its names, shapes and dtype.",
        Deviations =
        [
            new(
                "Full fine-tuning is mentioned, but not compared.",
                "It is a method like the others.",
                "What an adapter saves and costs is only seen beside the baseline."),
        ],
        Source = "The common practice before adapters, for example Howard and Ruder 2018, Universal Language Model Fine-tuning",
        Color = "#55708a",
        DefaultLearningRate = 2e-5,
        UnusedFields =
        [
            "rank", "rankPattern", "alpha", "alphaPattern", "dropout", "rankStabilized", "targetModules", "layersToTransform",
            "excludeModules", "initFrom",
        ],
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, NoOptions options) =>
        throw new InvalidOperationException("This method has no adapters.");
}
