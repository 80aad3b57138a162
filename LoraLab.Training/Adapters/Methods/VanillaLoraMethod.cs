using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA (Hu et al. 2021): A random, B zero, both trained.</summary>
public sealed class VanillaLoraMethod : LoraMethod<VanillaLoraMethod.Options>
{
    /// <summary>Distribution of the initial A.</summary>
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
        Summary = "Trains two low-rank factors in parallel to each frozen weight.",
        Formula = "ΔW = s·B·A",
        Trains = "A and B",
        Start = "A random, B zero: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "A: init kaiming: U(−1/√in, 1/√in), which is Kaiming uniform with a = √5; gaussian: N(0, 1/r²)",
            "B: 0, so ΔW = 0 exactly",
        ],
        Deviations =
        [
            new(
                "LoRA initializes B from a small uniform distribution and sets A to zero.",
                "A is random and B is zero; the paper describes swapped-init LoRA, which is a separate method here.",
                "Hu et al. initialize B to zero, as do the authors' code and PEFT."),
            new(
                "Target modules, dropout, learning rate schedule, gradient clipping and seeds are not given.",
                "All are fields of the specification with documented defaults: q_proj and v_proj, no dropout, linear decay, clipping at 1.",
                "Nothing that changes a result may be implicit."),
        ],
        Presets =
        [
            new(
                "rslora",
                "rsLoRA",
                new JsonObject { ["rankStabilized"] = true },
                "Kalajdzievski 2023, A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA"),
        ],
        Source = "Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models",
        Color = "#1f77b4",
        DefaultLearningRate = 2e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options) =>
        RandomA(layer, request, options.Init);

    internal static LowRankAdapter RandomA(LinearLayer layer, AdapterRequest request, Start start)
    {
        string name = AdapterFactor.A.NameIn(layer.Name);
        (int rank, int width, var device) = (request.Rank, layer.In, layer.Device);
        return new LowRankAdapter(
            layer.Name,
            start == Start.Kaiming
                ? Initializers.KaimingUniform(name, request.Seed, rank, width, device)
                : Initializers.Gaussian(name, request.Seed, rank, width, 1.0 / rank, device),
            Initializers.Zero(layer.Out, rank, device),
            request.Scaling,
            request.DropoutRate);
    }

    /// <summary>Options of <c>lora</c>.</summary>
    public sealed record Options
    {
        /// <summary>Distribution of the initial A.</summary>
        [MethodOption("Initialization", "Distribution of the initial A: kaiming is U(±1/√in), gaussian is N(0, 1/r²).")]
        public Start Init { get; init; } = Start.Kaiming;
    }
}
