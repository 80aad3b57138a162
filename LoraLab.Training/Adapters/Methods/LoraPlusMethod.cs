using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA+ (Hayou, Ghosh and Yu 2024): LoRA with a larger learning rate for B, ηB = λ·ηA.</summary>
public sealed class LoraPlusMethod : LoraMethod<LoraPlusMethod.Options>
{
    /// <summary>The factor that is initialized to zero.</summary>
    public enum Start
    {
        /// <summary>A ~ U(±1/√in), B zero, as in LoRA.</summary>
        Kaiming,

        /// <summary>A zero, B ~ U(±1/√r), the undocumented default of the authors' repository.</summary>
        Swapped,
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-plus",
        Name = "LoRA+",
        Summary = "LoRA with a separate, larger learning rate for B.",
        Formula = "ΔW = s·B·A, ηB = λ·ηA",
        Trains = "A at ηA and B at ηB",
        Start = "A random, B zero: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
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
                "init is a separate option whose default is LoRA's initialization; swapped reproduces the undocumented "
                    + "default of the official repository.",
                "The repository pins a fork of PEFT that initializes A to zero unless a flag is set, "
                    + "which confounds two changes in one comparison."),
            new(
                "The ratio of the learning rates should be 2 to 4 for LLaMA; 4 was best.",
                "lrRatio defaults to 4; any ratio, or both learning rates, can be set.",
                "Hayou, Ghosh and Yu recommend 16, and the paper's best cell is at a corner of its grid."),
            new(
                "Weight decay is left to the trainer.",
                "weightDecay applies to both A and B.",
                "In the authors' trainer and in PEFT's helper the usual weight decay setting is silently ignored."),
        ],
        Source = "Hayou, Ghosh and Yu 2024, LoRA+: Efficient Low Rank Adaptation of Large Models",
        Color = "#d62728",
        DefaultLearningRate = 1e-4,
        HasLearningRateB = true,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    public override double LearningRate(RunSpec spec, string part)
    {
        double rateA = base.LearningRate(spec, part);
        return part == AdapterFactor.B.Name() ? spec.LearningRateB ?? Read(spec.MethodOptions).LrRatio * rateA : rateA;
    }

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options) =>
        options.Init == Start.Kaiming
            ? VanillaLoraMethod.RandomA(layer, request, VanillaLoraMethod.Start.Kaiming)
            : SwappedLoraMethod.RandomB(layer, request, SwappedLoraMethod.Start.Kaiming, 0);

    /// <summary>Options of <c>lora-plus</c>.</summary>
    public sealed record Options
    {
        /// <summary>λ.</summary>
        [MethodOption(
            "Learning rate ratio (λ)",
            "Ratio λ of the learning rates of B and A; learningRateB overrides it.", Minimum = 1e-3, Maximum = 1e4)]
        public double LrRatio { get; init; } = 4;

        /// <summary>The factor that is initialized to zero.</summary>
        [MethodOption(
            "Initialization",
            "kaiming: LoRA's initialization (A random, B zero); swapped: A zero, B random, the default of the authors' repository.")]
        public Start Init { get; init; } = Start.Kaiming;
    }
}
