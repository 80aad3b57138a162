using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Svd;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// PiSSA (Meng et al. 2024): A and B start as the principal singular part of W, which is taken out of the frozen weight:
/// A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s), W_res = W − s·B₀A₀.
/// </summary>
public sealed class PissaMethod : LoraMethod<PissaMethod.Options>
{
    /// <summary>Where the principal part is taken out.</summary>
    public enum Residual
    {
        /// <summary>From the frozen weight, as the authors do.</summary>
        Weights,

        /// <summary>In the branch; the frozen weight stays as it is, and nothing is rounded.</summary>
        Branch,
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "pissa",
        Name = "PiSSA",
        Summary = "LoRA that starts from the weight's principal singular part and freezes the rest.",
        Formula = "W = (W − s·B₀·A₀) + s·B·A",
        Trains = "A and B",
        Start = "A and B are the principal part of W: the model starts unchanged",
        Shapes =
        [
            "y = x·W_resᵀ + s·drop(x)·Aᵀ·Bᵀ, s = α/r (α/√r with rankStabilized)",
            "W_res [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "W ≈ U·Σ·Vᵀ, the r leading singular triplets, each with the largest entry of its left vector positive",
            "A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s)",
            "W_res = W − s·B₀·A₀, by subtraction in float64, rounded once to the base's precision; residual branch: W stays, the branch subtracts s·B₀·A₀",
        ],
        Export = "Rank 2r on the original base: lora_A = [A; A₀], lora_B = [B, −B₀], α grown so that s stays.",
        Deviations =
        [
            new(
                "A = U√Σ and B = √ΣVᵀ, ΔW = A·B.",
                "B is the output side and A the input side; the values are the same.",
                "One naming for all methods, PEFT's."),
            new(
                "Scaling is not mentioned.",
                "The singular values are divided by s.",
                "Only then does the model start unchanged for every α and r; with the paper's α = 16, r = 32 it would start without half of its principal part."),
            new(
                "The residual is made of the remaining singular triplets.",
                "The residual is W minus the principal part.",
                "The same in exact arithmetic, and the start stays exact where the decomposition is approximate."),
        ],
        Source = "Meng, Wang and Zhang 2024, PiSSA: Principal Singular Values and Singular Vectors Adaptation",
        Color = "#9467bd",
        DefaultLearningRate = 5e-5,
    };

    /// <inheritdoc />
    public override IEnumerable<string> Warnings(RunSpec spec) =>
        spec.Dropout > 0 ? ["dropout with pissa drops principal components of the weight; its authors use 0."] : [];

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options)
    {
        bool inBranch = Read(options).Residual == Residual.Branch;
        long values = TrainableParameters(shape, rank);
        return new(values, values) { SecondBranch = inBranch, ReplacesWeight = !inBranch };
    }

    /// <inheritdoc />
    protected override LowRankAdapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        TruncatedSvd svd = TruncatedSvd.Of(layer.Weight_OI, request.Rank, options.Svd, options.SvdIterations, layer.Name, request.SvdCache);
        // Dividing by s makes the start exact for every alpha and rank.
        Tensor root_R = svd.Sigma_R.div(request.Scaling).sqrt();
        Tensor a_RI = Factors.Own(svd.Vh_RI.mul(root_R.unsqueeze(1)));
        Tensor b_OR = Factors.Own(svd.U_OR.mul(root_R));
        bool inBranch = options.Residual == Residual.Branch;
        if (!inBranch)
        {
            BaseResidual.Subtract(layer, a_RI, b_OR, request.Scaling);
        }

        return new LowRankAdapter(layer.Name, a_RI, b_OR, request.Scaling, request.DropoutRate) { Svd = svd.Algorithm }
            .WithExtracted(new ExtractedFactors(a_RI.detach().clone().DetachFromDisposeScope(), b_OR.detach().clone().DetachFromDisposeScope(), inBranch));
    }

    /// <summary>Options of <c>pissa</c>.</summary>
    public sealed record Options
    {
        /// <summary>Algorithm of the decomposition.</summary>
        [MethodOption("Algorithm of the singular value decomposition: auto is full up to 512 columns, else randomised.")]
        public SvdAlgorithm Svd { get; init; } = SvdAlgorithm.Auto;

        /// <summary>Power iterations of the randomised decomposition.</summary>
        [MethodOption("Power iterations of the randomised decomposition.", Minimum = 0, Maximum = 100)]
        public int SvdIterations { get; init; } = 16;

        /// <summary>Where the principal part is taken out.</summary>
        [MethodOption("weights takes the principal part out of the frozen weight; branch subtracts it in the forward pass.")]
        public Residual Residual { get; init; } = Residual.Weights;
    }
}
