using LoraLab.Contracts.Methods;
using LoraLab.Training.Adapters.Svd;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA-XS (Bałazy et al. 2024): A and B are frozen singular factors of W; only R, r×r, is trained.</summary>
public sealed class LoraXsMethod : LoraMethod<LoraXsMethod.Options>
{
    /// <summary>The factor that holds the singular values.</summary>
    public enum Placement
    {
        /// <summary>A = ΣVᵀ, B = U, as in the authors' code.</summary>
        Input,

        /// <summary>A = Vᵀ, B = UΣ.</summary>
        Output,

        /// <summary>√Σ on both.</summary>
        Split,
    }

    /// <inheritdoc />
    public override IReadOnlyList<AdapterFactor> Trained => [AdapterFactor.R];

    /// <inheritdoc />
    public override IReadOnlyList<AdapterFactor> Frozen => [AdapterFactor.A, AdapterFactor.B];

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-xs",
        Name = "LoRA-XS",
        Summary = "Trains only an r×r matrix between frozen singular factors of the weight.",
        Formula = "ΔW = s·B·R·A",
        Trains = "R only (r² per layer)",
        Start = "R close to zero: the initial model is very close to the base model",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Rᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W [out, in] frozen; A [r, in] and B [out, r] frozen; R [r, r] trained",
        ],
        Initialization =
        [
            "W ≈ U·Σ·Vᵀ, the r largest singular values with their vectors; signs such that the largest "
                + "entry of each left vector is positive",
            "sigmaPlacement input: A = Σ·Vᵀ, B = U; output: A = Vᵀ, B = U·Σ; split: A = √Σ·Vᵀ, B = U·√Σ",
            "R: N(0, rInitStd²), rInitStd = 1e-5 by default; with 0 the initial model equals the base model exactly",
        ],
        Parameters = "r²",
        Export = "R merged into A: lora_A = R·A, lora_B = B, rank r; independent of the signs of the singular vectors.",
        Deviations =
        [
            new(
                "r² parameters are trained in addition to LoRA's.",
                "Only R is trained; A and B are frozen.",
                "Bałazy et al. freeze A and B, which is what makes the number of trainable parameters so small."),
            new(
                "A acts on the output and B on the input.",
                "A acts on the input and B on the output, as in all methods; the singular values are in A by default.",
                "The authors' code decomposes the transpose of W. With Adam the three placements train "
                    + "differently, so the choice is an option."),
            new(
                "Neither the initialization of R nor a learning rate is given.",
                "R ~ N(0, 1e-5²); default learning rate 2e-3.",
                "The initialization is that of the authors' code; their scripts use learning rates ten to forty times LoRA's."),
            new(
                "The memory footprint is that of LoRA.",
                "Memory is measured in each run.",
                "The frozen A and B are as large as LoRA's; only their gradients and optimizer states are saved."),
        ],
        Source = "Bałazy et al. 2024, LoRA-XS: Low-Rank Adaptation with Extremely Small Number of Parameters",
        Color = "#2ca02c",
        DefaultLearningRate = 2e-3,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        using IDisposable scope = NewDisposeScope();
        TruncatedSvd svd = TruncatedSvd.Of(layer.Weight_OI, request.Rank, options.Svd, options.SvdIterations, layer.Name, request.SvdCache);
        Tensor root_R = svd.Sigma_R.sqrt();
        (Tensor a_RI, Tensor b_OR) = options.SigmaPlacement switch
        {
            Placement.Input => (svd.Vh_RI.mul(svd.Sigma_R.unsqueeze(1)), svd.U_OR),
            Placement.Output => (svd.Vh_RI, svd.U_OR.mul(svd.Sigma_R)),
            _ => (svd.Vh_RI.mul(root_R.unsqueeze(1)), svd.U_OR.mul(root_R)),
        };
        Tensor r_RR = Initializers.Gaussian(
            AdapterFactor.R.NameIn(layer.Name), request.Seed, request.Rank, request.Rank, options.RInitStd, layer.Device);
        return new LowRankAdapter(
            layer.Name, Factors.Own(a_RI), Factors.Own(b_OR), request.Scaling, request.DropoutRate, r_RR.DetachFromDisposeScope())
        {
            Svd = svd.Algorithm,
        };
    }

    /// <summary>Options of <c>lora-xs</c>.</summary>
    public sealed record Options
    {
        /// <summary>The factor that holds the singular values.</summary>
        [MethodOption(
            "Placement of Σ",
            "Frozen factor that holds the singular values: input (A, as in the authors' code), output (B), or split (√Σ in both).")]
        public Placement SigmaPlacement { get; init; } = Placement.Input;

        /// <summary>Standard deviation of the initial R.</summary>
        [MethodOption(
            "Standard deviation of R",
            "Standard deviation of the initial R; with 0 the initial model equals the base model exactly.", Minimum = 0, Maximum = 1)]
        public double RInitStd { get; init; } = 1e-5;

        /// <summary>SVD algorithm.</summary>
        [MethodOption("SVD algorithm", SvdOptions.AlgorithmHelp)]
        public SvdAlgorithm Svd { get; init; } = SvdAlgorithm.Auto;

        /// <summary>Power iterations of the randomized SVD.</summary>
        [MethodOption("Power iterations", SvdOptions.IterationsHelp, Minimum = 0, Maximum = 100)]
        public int SvdIterations { get; init; } = 16;
    }
}
