using LoraLab.Contracts.Methods;
using LoraLab.Training.Model;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA (Hu et al. 2021): A random, B zero, both trained.</summary>
public sealed class VanillaLoraMethod : LoraMethod<VanillaLoraMethod.Options>
{
    /// <summary>Distribution of A at the start.</summary>
    public enum Start
    {
        /// <summary>U(±1/√in), as in the authors' code and PEFT.</summary>
        Kaiming,

        /// <summary>N(0, 1/r²), PEFT's <c>gaussian</c>.</summary>
        Gaussian,
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora",
        Name = "LoRA",
        Summary = "Two low-rank factors are trained beside each frozen weight.",
        Formula = "ΔW = s·B·A",
        Trains = "A and B",
        Start = "A random, B zero: the model starts unchanged",
        Source = "Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models",
        Color = "#1f77b4",
        DefaultLearningRate = 2e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override LowRankAdapter Create(LinearLayer layer, AdapterRequest request, Options options) =>
        RandomA(layer, request, options.Init);

    internal static LowRankAdapter RandomA(LinearLayer layer, AdapterRequest request, Start start)
    {
        string name = layer.Name + ".lora_A";
        (int rank, int width, var device) = (request.Rank, layer.In, layer.Weight_OI.device);
        return new LowRankAdapter(
            layer.Name,
            start == Start.Kaiming
                ? Initialisers.KaimingUniform(name, request.Seed, rank, width, device)
                : Initialisers.Gaussian(name, request.Seed, rank, width, 1.0 / rank, device),
            Initialisers.Zero(layer.Out, rank, device),
            request.Scaling,
            request.DropoutRate);
    }

    /// <summary>Options of <c>lora</c>.</summary>
    public sealed record Options
    {
        /// <summary>Distribution of A.</summary>
        [Option("Distribution of A at the start: kaiming is U(±1/√in), gaussian is N(0, 1/r²).")]
        public Start Init { get; init; } = Start.Kaiming;
    }
}
