using LoraLab.Contracts.Methods;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA with swapped initialization (Hayou et al. 2024, Init[B]): A zero, B random.</summary>
public sealed class SwappedLoraMethod : LoraMethod<SwappedLoraMethod.Options>
{
    /// <summary>Distribution of the initial B.</summary>
    public enum Start
    {
        /// <summary>U(±bound), as in "Better Call LoRA".</summary>
        Uniform,

        /// <summary>U(±1/√r).</summary>
        Kaiming,

        /// <summary>N(0, 1/r).</summary>
        Gaussian,
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-swapped",
        Name = "Swapped-init LoRA",
        Summary = "LoRA with swapped initialization: A is zero and B is random.",
        Formula = "ΔW = s·B·A",
        Trains = "A and B",
        Start = "A zero, B random: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "A: 0, so ΔW = 0 exactly",
            "B: init uniform: U(−bound, bound), bound = 0.01 as in the paper; kaiming: U(−1/√r, 1/√r); gaussian: N(0, 1/r)",
        ],
        Deviations =
        [
            new(
                "Hayou et al. found that initializing A to zero and B randomly is better.",
                "The method is implemented as the paper defines it; the claim is left to be tested.",
                "Their abstract states the opposite: B zero and A random is better on average because it allows larger learning rates."),
            new(
                "B ~ U(−0.01, 0.01).",
                "This is the default; init also offers the wider distributions of the LoRA+ authors' fork "
                    + "(kaiming) and of the theory (gaussian).",
                "With Adam the magnitude of A's first update is the learning rate regardless of the gradient, "
                    + "so a B that is 18 to 35 times smaller lowers the effective learning rate."),
        ],
        Source = "Hayou et al. 2024, The Impact of Initialization on LoRA Finetuning Dynamics",
        Color = "#e66101",
        DefaultLearningRate = 2e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options) =>
        RandomB(layer, request, options.Init, options.Bound);

    internal static LowRankAdapter RandomB(LinearLayer layer, AdapterRequest request, Start start, double bound)
    {
        string name = AdapterFactor.B.NameIn(layer.Name);
        (int rank, int width, var device) = (request.Rank, layer.Out, layer.Device);
        return new LowRankAdapter(
            layer.Name,
            Initializers.Zero(rank, layer.In, device),
            start switch
            {
                Start.Uniform => Initializers.Uniform(name, request.Seed, width, rank, bound, device),
                Start.Kaiming => Initializers.KaimingUniform(name, request.Seed, width, rank, device),
                _ => Initializers.Gaussian(name, request.Seed, width, rank, 1 / Math.Sqrt(rank), device),
            },
            request.Scaling,
            request.DropoutRate);
    }

    /// <summary>Options of <c>lora-swapped</c>.</summary>
    public sealed record Options
    {
        /// <summary>Distribution of the initial B.</summary>
        [MethodOption("Initialization", "Distribution of the initial B: uniform is U(±bound), kaiming is U(±1/√r), gaussian is N(0, 1/r).")]
        public Start Init { get; init; } = Start.Uniform;

        /// <summary>Bound of the uniform distribution.</summary>
        [MethodOption(
            "Bound of the initialization",
            "Bound of the uniform distribution; ignored for the others.", Minimum = 1e-12, Maximum = 10)]
        public double Bound { get; init; } = 0.01;
    }
}
