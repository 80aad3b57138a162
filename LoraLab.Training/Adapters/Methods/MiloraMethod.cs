using LoraLab.Contracts.Methods;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// MiLoRA (Wang et al. 2024): A and B are initialized with the minor singular components of W, which are subtracted from the weight.
/// </summary>
public sealed class MiloraMethod : LoraMethod<NoOptions>
{
    /// <inheritdoc />
    public override bool TakesFromBase => true;

    /// <inheritdoc />
    public override string PeftInitialization => "milora";

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "milora",
        Name = "MiLoRA",
        Summary = "LoRA initialized with the minor singular components of the weight; the principal ones are frozen.",
        Formula = "W = (W − s·B₀·A₀) + s·B·A",
        Trains = "A and B",
        Start = "A and B from the r smallest singular components of W: the initial model equals the base model",
        Shapes =
        [
            "y = x·W_resᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W_res [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "W = U·Σ·Vᵀ in float64, the r smallest singular values with their vectors; signs such that the largest entry of each left "
                + "vector is positive",
            "A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s)",
            "W_res = W − s·B₀·A₀, computed in float64 and rounded once to the base's precision",
        ],
        Export = ExportOfChangedBase,
        Deviations =
        [
            new(
                "Not part of the paper.",
                "The singular values are divided by s, as for PiSSA.",
                "Wang et al. set α = r, so that s = 1; only with the division does the start not depend on α."),
            new(
                "Not part of the paper.",
                "The decomposition is always full, which for a weight of 2048×2048 takes about ten seconds; it is cached.",
                "A randomized decomposition finds the largest singular values, not the smallest."),
            new(
                "Not part of the paper.",
                "The default learning rate is 2e-4.",
                "The minor components are small, so the factors start close to LoRA's zero; Wang et al. use LoRA's rate."),
        ],
        Source = "Wang et al. 2024, MiLoRA: Harnessing Minor Singular Components for Parameter-Efficient LLM Finetuning",
        Color = "#d2569f",
        DefaultLearningRate = 2e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, NoOptions options)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        TruncatedSvd svd = TruncatedSvd.Smallest(layer.Original_OI, request.Rank, request.SvdCache);
        Tensor root_R = svd.Sigma_R.Over(request.Scaling).sqrt();
        return WithFactors(
            layer,
            request,
            Factors.Own(svd.Vh_RI.mul(root_R.unsqueeze(1))),
            Factors.Own(svd.U_OR.mul(root_R)),
            inBranch: false,
            svd.Algorithm);
    }
}
