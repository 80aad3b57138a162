using LoraLab.Contracts.Methods;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// OLoRA (Büyükakyüz 2024): B and A are initialized with the first r columns of Q and rows of R of W = Q·R and subtracted from the weight.
/// </summary>
public sealed class OloraMethod : LoraMethod<NoOptions>
{
    /// <inheritdoc />
    public override bool TakesFromBase => true;

    /// <inheritdoc />
    public override string PeftInitialization => "olora";

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "olora",
        Name = "OLoRA",
        Summary = "LoRA initialized with an orthonormal basis of the weight's first columns; the residual is frozen.",
        Formula = "W = (W − s·B₀·A₀) + s·B·A",
        Trains = "A and B",
        Start = "B orthonormal and A its coordinates from the QR decomposition of W: the initial model equals the base model",
        Shapes =
        [
            "y = x·W_resᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W_res [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "W = Q·R in float64; B₀ = the first r columns of Q, A₀ = the first r rows of R, not divided by s; signs such that the largest "
                + "entry of each column of B₀ is positive",
            "W_res = W − s·B₀·A₀, computed in float64 and rounded once to the base's precision",
        ],
        Export = ExportOfChangedBase,
        Deviations =
        [
            new(
                "Not part of the paper.",
                "As in PEFT: the factors are not divided by s, so s·B₀·A₀ is taken from the weight.",
                "The initial model equals the base model either way; trajectories then follow PEFT's."),
            new(
                "Not part of the paper.",
                "The whole decomposition is not computed: the first r columns of Q follow from the first r columns of W, and R = Qᵀ·W.",
                "The result is the same and takes r/in of the time."),
            new(
                "Not part of the paper.",
                "The default learning rate is 1e-4.",
                "The factors start at the scale of the weight, as PiSSA's do, so they need a lower rate than LoRA's."),
        ],
        Source = "Büyükakyüz 2024, OLoRA: Orthonormal Low-Rank Adaptation of Large Language Models",
        Color = "#a0655a",
        DefaultLearningRate = 1e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, NoOptions options)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor weight_OI = layer.Original_OI.to(float64);
        Tensor basis_OR = linalg.qr(weight_OI.narrow(1, 0, request.Rank)).Q;
        basis_OR = basis_OR.mul(Factors.SignOfLargest(basis_OR));
        return WithFactors(layer, request, Factors.Own(basis_OR.t().mm(weight_OI)), Factors.Own(basis_OR), inBranch: false);
    }
}
