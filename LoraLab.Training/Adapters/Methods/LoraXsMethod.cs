using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Training.Adapters.Svd;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoRA-XS (Bałazy et al. 2024): A and B are frozen singular factors of W; only R, r×r, is trained.</summary>
public sealed class LoraXsMethod : LoraMethod<LoraXsMethod.Options>
{
    /// <summary>Which factor holds the singular values.</summary>
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
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-xs",
        Name = "LoRA-XS",
        Summary = "Only a small r×r matrix is trained between frozen singular factors of the weight.",
        Formula = "ΔW = s·B·R·A",
        Trains = "R only (r² a layer)",
        Start = "R close to zero between frozen singular factors",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Rᵀ·Bᵀ, s = α/r (α/√r with rankStabilized)",
            "W [out, in] frozen; A [r, in] and B [out, r] frozen; R [r, r] trained",
        ],
        Initialization =
        [
            "W ≈ U·Σ·Vᵀ, the r leading singular triplets, each with the largest entry of its left vector positive",
            "sigmaPlacement input: A = Σ·Vᵀ, B = U; output: A = Vᵀ, B = U·Σ; split: A = √Σ·Vᵀ, B = U·√Σ",
            "R: N(0, rInitStd²), 1e-5 by default; 0 starts exactly at the base model",
        ],
        Parameters = "r²",
        Export = "R folded into A: lora_A = R·A, lora_B = B, rank r; independent of the signs of the singular vectors.",
        Deviations =
        [
            new(
                "r² parameters are trained in addition to LoRA's.",
                "Only R is trained; A and B are never updated.",
                "Bałazy et al. freeze A and B: that is what makes the method extremely small."),
            new(
                "A acts on the output and B on the input.",
                "A acts on the input and B on the output, as everywhere else; the singular values stand on the input side.",
                "The authors' code decomposes the transpose of W. With Adam the three placements are different methods, so the choice is an option."),
            new(
                "No initial value of R and no learning rate are given.",
                "R ~ N(0, 1e-5²); default rate 2e-3.",
                "The authors' code; their scripts use rates ten to forty times LoRA's."),
            new(
                "The memory footprint is LoRA's.",
                "Measured for each run.",
                "The frozen A and B have LoRA's size; what is saved is their gradients and optimizer state."),
        ],
        Source = "Bałazy et al. 2024, LoRA-XS: Low-Rank Adaptation with Extremely Small Number of Parameters",
        Color = "#2ca02c",
        DefaultLearningRate = 2e-3,
    };

    /// <inheritdoc />
    public override long TrainableParameters(LinearShape shape, int rank) => (long)rank * rank;

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) =>
        new(TrainableParameters(shape, rank), base.TrainableParameters(shape, rank)) { MiddleOnly = true };

    /// <inheritdoc />
    protected override LowRankAdapter Create(LinearLayer layer, AdapterRequest request, Options options)
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
        Tensor r_RR = Initializers.Gaussian(layer.Name + ".lora_R", request.Seed, request.Rank, request.Rank, options.RInitStd, layer.Weight_OI.device);
        return new LowRankAdapter(
            layer.Name, Factors.Own(a_RI), Factors.Own(b_OR), request.Scaling, request.DropoutRate, r_RR.DetachFromDisposeScope())
        {
            Svd = svd.Algorithm,
        };
    }

    /// <summary>Options of <c>lora-xs</c>.</summary>
    public sealed record Options
    {
        /// <summary>Which factor holds the singular values.</summary>
        [MethodOption("Which frozen factor holds the singular values: input is the authors' choice.")]
        public Placement SigmaPlacement { get; init; } = Placement.Input;

        /// <summary>Standard deviation of R at the start.</summary>
        [MethodOption("Standard deviation of R at the start; 0 starts exactly at the base model.", Minimum = 0, Maximum = 1)]
        public double RInitStd { get; init; } = 1e-5;

        /// <summary>Algorithm of the decomposition.</summary>
        [MethodOption("Algorithm of the singular value decomposition: auto is full up to 512 columns, else randomised.")]
        public SvdAlgorithm Svd { get; init; } = SvdAlgorithm.Auto;

        /// <summary>Power iterations of the randomised decomposition.</summary>
        [MethodOption("Power iterations of the randomised decomposition.", Minimum = 0, Maximum = 100)]
        public int SvdIterations { get; init; } = 16;
    }
}
