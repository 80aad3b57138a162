using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA-FA (Zhang et al. 2023): A stays as drawn; B follows the gradient of the full weight as closely as A allows.</summary>
public sealed class LoraFaMethod : LoraMethod<LoraFaMethod.Options>
{
    /// <summary>Keeps A·Aᵀ invertible.</summary>
    private const double Damping = 1e-8;

    /// <inheritdoc />
    public override IReadOnlyList<AdapterFactor> Trained => [AdapterFactor.B];

    /// <inheritdoc />
    public override IReadOnlyList<AdapterFactor> Frozen => [AdapterFactor.A];

    /// <inheritdoc />
    public override AdamWSettings Optimizer { get; } = new() { Epsilon = 1e-6, EpsilonBeforeCorrection = true, DecayAfterUpdate = true };

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored) =>
        WithFrozenA(AdapterFactors.Rebuild(layer, request, inBranch, stored));

    /// <inheritdoc />
    public override StepHooks Hooks(RunSpec spec, IReadOnlyList<Adapter> adapters, int steps) => new Projection(adapters);

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-fa",
        Name = "LoRA-FA",
        Summary = "LoRA with a frozen random A; the gradient of B is projected so that B·A follows that of the full weight.",
        Formula = "ΔW = s·B·A, ∇B ← ∇B·(A·Aᵀ + 10⁻⁸·I)⁻¹ / s²",
        Trains = "B only",
        Start = "A random and frozen, B zero: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W [out, in] and A [r, in] frozen; B [out, r] trained",
            "the gradient is clipped, then projected; AdamW's update is η·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m / (√v + 10⁻⁶)",
            "weights decay by η·weightDecay after the update",
        ],
        Initialization =
        [
            "A: init kaiming: U(−1/√in, 1/√in), which is Kaiming uniform with a = √5; gaussian: N(0, 1/r²)",
            "B: 0, so ΔW = 0 exactly",
        ],
        Parameters = "r·out",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It follows PEFT's LoraFAOptimizer with its defaults, including its ε and the place of its weight decay.",
                "Its trajectories are reproduced to 1e-5."),
            new(
                "Not part of the paper.",
                "The gradient of B is multiplied by the inverse of A·Aᵀ and divided by s²; Zhang et al. use the plain one.",
                "It is the gradient for which B·A is nearest to a step on the full weight, as in the authors' later code and in PEFT."),
            new(
                "Not part of the paper.",
                "Both use the plain gradient of B; the projection follows.",
                "This is PEFT's order, and the norms of LoRA and LoRA-FA stay comparable."),
        ],
        Source = "Zhang et al. 2023, LoRA-FA: Memory-efficient Low-rank Adaptation for Large Language Models Fine-tuning",
        Color = "#5c63c8",
        DefaultLearningRate = 2e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options) =>
        WithFrozenA(VanillaLoraMethod.RandomA(layer, request, options.Init));

    private static LowRankAdapter WithFrozenA(LowRankAdapter plain) =>
        new(plain.Module, plain.A_RI, plain.B_OR, plain.Scaling, plain.DropoutRate, frozenA: true);

    /// <summary>Options of <c>lora-fa</c>.</summary>
    public sealed record Options
    {
        /// <summary>Distribution of A.</summary>
        [MethodOption("Initialization", "Distribution of A: kaiming is U(±1/√in), gaussian is N(0, 1/r²).")]
        public VanillaLoraMethod.Start Init { get; init; } = VanillaLoraMethod.Start.Kaiming;
    }

    /// <summary>Projects the gradient of each B. The projections follow from the frozen factors, so that there is no state.</summary>
    private sealed class Projection : StepHooks
    {
        private readonly List<(Tensor B_OR, Tensor Inverse_RR)> _layers;

        public Projection(IReadOnlyList<Adapter> adapters)
        {
            using IDisposable noGrad = no_grad();
            _layers =
            [
                .. adapters.Select(adapter =>
                    (adapter[AdapterFactor.B.Name()], Inverse(adapter[AdapterFactor.A.Name()], adapter.Scaling))),
            ];
        }

        public override void TransformGradients()
        {
            foreach ((Tensor b_OR, Tensor inverse_RR) in _layers)
            {
                Tensor gradient_OR = b_OR.grad!;
                gradient_OR.copy_(gradient_OR.mm(inverse_RR));
            }
        }

        public override void Dispose()
        {
            _layers.ForEach(layer => layer.Inverse_RR.Dispose());
            base.Dispose();
        }

        // On the CPU in float64, so that it is the same on every device.
        private static Tensor Inverse(Tensor a_RI, double scaling)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor wide_RI = a_RI.detach().to(float64).cpu();
            Tensor gram_RR = wide_RI.mm(wide_RI.t());
            gram_RR.diagonal().PlusInPlace(Damping);
            return gram_RR.inverse().Over(scaling * scaling).to(a_RI.dtype).to(a_RI.device).DetachFromDisposeScope();
        }
    }
}
