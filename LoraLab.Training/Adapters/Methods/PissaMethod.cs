using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// PiSSA (Meng et al. 2024): A and B are initialized with the principal singular components of W, which are subtracted from the frozen
/// weight: A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s), W_res = W − s·B₀A₀.
/// </summary>
public sealed class PissaMethod : LoraMethod<PissaMethod.Options>
{
    /// <summary>Where the principal components are subtracted.</summary>
    public enum Residual
    {
        /// <summary>From the frozen weight, as in the authors' code.</summary>
        Weights,

        /// <summary>In the branch; the frozen weight stays unchanged, and nothing is rounded.</summary>
        Branch,
    }

    /// <inheritdoc />
    public override bool TakesFromBase => true;

    /// <inheritdoc />
    public override string PeftInitialization => "pissa";

    /// <inheritdoc />
    public override string? InitializationIn(JsonObject options) => Read(options) is { Svd: SvdAlgorithm.Randomized } random
        ? string.Create(CultureInfo.InvariantCulture, $"{PeftInitialization}_niter_{random.SvdIterations}")
        : PeftInitialization;

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "pissa",
        Name = "PiSSA",
        Summary = "LoRA initialized with the principal singular components of the weight; the residual is frozen.",
        Formula = "W = (W − s·B₀·A₀) + s·B·A",
        Trains = "A and B",
        Start = "A and B from the principal components of W: the initial model equals the base model",
        Shapes =
        [
            "y = x·W_resᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W_res [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            "W ≈ U·Σ·Vᵀ, the r largest singular values with their vectors; signs such that the largest "
                + "entry of each left vector is positive",
            "A₀ = √(Σ/s)·Vᵀ, B₀ = U·√(Σ/s)",
            "W_res = W − s·B₀·A₀, computed in float64 and rounded once to the base's precision; with residual branch, "
                + "W is unchanged and the branch subtracts s·B₀·A₀",
        ],
        Export = ExportOfChangedBase,
        Deviations =
        [
            new(
                "A = U√Σ and B = √ΣVᵀ, ΔW = A·B.",
                "B is on the output side and A on the input side; the values are the same.",
                "All methods follow PEFT's naming."),
            new(
                "Scaling is not mentioned.",
                "The singular values are divided by s.",
                "Only then does the initial model equal the base model for every α and r; with the paper's α = 16 and r = 32 the principal "
                    + "components would enter scaled by one half."),
            new(
                "The residual is built from the remaining singular values and vectors.",
                "The residual is W minus the principal components.",
                "Both are the same in exact arithmetic, but the subtraction is also exact for an approximate decomposition."),
        ],
        Source = "Meng, Wang and Zhang 2024, PiSSA: Principal Singular Values and Singular Vectors Adaptation",
        Color = "#9467bd",
        DefaultLearningRate = 5e-5,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    public override IEnumerable<string> Warnings(RunSpec spec) =>
        spec.Dropout > 0 ? ["dropout with pissa drops principal components of the weight; the authors use 0."] : [];

    /// <inheritdoc />
    public override bool SubtractsInBranch(JsonObject options) => Read(options).Residual == Residual.Branch;

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        TruncatedSvd svd = TruncatedSvd.Of(
            layer.Original_OI, request.Rank, options.Svd, options.SvdIterations, layer.Name, request.SvdCache);
        // Dividing by s makes the initial model equal the base model for every alpha and rank.
        Tensor root_R = svd.Sigma_R.Over(request.Scaling).sqrt();
        Tensor a_RI = Factors.Own(svd.Vh_RI.mul(root_R.unsqueeze(1)));
        Tensor b_OR = Factors.Own(svd.U_OR.mul(root_R));
        return WithFactors(layer, request, a_RI, b_OR, options.Residual == Residual.Branch, svd.Algorithm);
    }

    /// <summary>Options of <c>pissa</c>.</summary>
    public sealed record Options
    {
        /// <summary>SVD algorithm.</summary>
        [MethodOption("SVD algorithm", SvdOptions.AlgorithmHelp)]
        public SvdAlgorithm Svd { get; init; } = SvdAlgorithm.Auto;

        /// <summary>Power iterations of the randomized SVD.</summary>
        [MethodOption("Power iterations", SvdOptions.IterationsHelp, Minimum = 0, Maximum = 100)]
        public int SvdIterations { get; init; } = 16;

        /// <summary>Where the principal components are subtracted.</summary>
        [MethodOption(
            "Residual",
            "weights: subtract the principal components from the frozen weight; branch: subtract them in the forward pass.")]
        public Residual Residual { get; init; } = Residual.Weights;
    }
}
