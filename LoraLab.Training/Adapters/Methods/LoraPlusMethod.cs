using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA+ (Hayou, Ghosh and Yu 2024): LoRA whose B has a larger learning rate, ηB = λ·ηA.</summary>
public sealed class LoraPlusMethod : LoraMethod<LoraPlusMethod.Options>
{
    /// <summary>Which factor starts at zero.</summary>
    public enum Start
    {
        /// <summary>A ~ U(±1/√in), B zero, as in LoRA.</summary>
        Kaiming,

        /// <summary>A zero, B ~ U(±1/√r), the silent default of the authors' repository.</summary>
        Swapped,
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-plus",
        Name = "LoRA+",
        Summary = "LoRA with a learning rate of its own, larger, for B.",
        Formula = "ΔW = s·B·A, ηB = λ·ηA",
        Trains = "A at ηA and B at ηB",
        Start = "A random, B zero: the model starts unchanged",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Bᵀ, s = α/r (α/√r with rankStabilized)",
            "W [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "init kaiming: A: U(−1/√in, 1/√in), B: 0, as in LoRA",
            "init swapped: A: 0, B: U(−1/√r, 1/√r)",
        ],
        Deviations =
        [
            new(
                "The official implementation was used.",
                "init is an option of its own and LoRA's by default; swapped is what the official repository does silently.",
                "The repository pins a fork of PEFT that starts with A at zero unless a flag is given, which mixes two changes in one comparison."),
            new(
                "The ratio of the rates should be 2 to 4 for LLaMA; 4 was best.",
                "lrRatio is 4 by default; any ratio can be given, or both rates.",
                "Hayou, Ghosh and Yu's rule of thumb is 16, and the paper's best cell is the corner of its grid."),
            new(
                "Weight decay is the trainer's.",
                "weightDecay applies to A and B alike.",
                "In the authors' trainer and in PEFT's helper the usual setting has silently no effect."),
        ],
        Source = "Hayou, Ghosh and Yu 2024, LoRA+: Efficient Low Rank Adaptation of Large Models",
        Color = "#d62728",
        DefaultLearningRate = 1e-4,
        HasLearningRateB = true,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    public override double LearningRate(RunSpec spec, AdapterFactor factor)
    {
        double rateA = base.LearningRate(spec, factor);
        return factor == AdapterFactor.B ? spec.LearningRateB ?? Read(spec.MethodOptions).LrRatio * rateA : rateA;
    }

    /// <inheritdoc />
    protected override LowRankAdapter Create(LinearLayer layer, AdapterRequest request, Options options) =>
        options.Init == Start.Kaiming
            ? VanillaLoraMethod.RandomA(layer, request, VanillaLoraMethod.Start.Kaiming)
            : SwappedLoraMethod.RandomB(layer, request, SwappedLoraMethod.Start.Kaiming, 0);

    /// <summary>Options of <c>lora-plus</c>.</summary>
    public sealed record Options
    {
        /// <summary>λ.</summary>
        [MethodOption("Ratio λ of B's learning rate to A's; learningRateB overrides it.", Minimum = 1e-3, Maximum = 1e4)]
        public double LrRatio { get; init; } = 4;

        /// <summary>Which factor starts at zero.</summary>
        [MethodOption("kaiming starts as LoRA does; swapped starts with A at zero, as the authors' repository does by default.")]
        public Start Init { get; init; } = Start.Kaiming;
    }
}
