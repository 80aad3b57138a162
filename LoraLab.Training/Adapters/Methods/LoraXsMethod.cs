using LoraLab.Contracts.Methods;
using LoraLab.Training.Model;
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
        Source = "Bałazy et al. 2024, LoRA-XS: Low-Rank Adaptation with Extremely Small Number of Parameters",
        Color = "#2ca02c",
        DefaultLearningRate = 2e-3,
    };

    /// <inheritdoc />
    public override long TrainableParameters(LinearShape shape, int rank) => (long)rank * rank;

    /// <inheritdoc />
    protected override LowRankAdapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        using IDisposable scope = NewDisposeScope();
        TruncatedSvd svd = TruncatedSvd.Of(layer.Weight_OI, request.Rank, options.Svd, options.SvdIterations, layer.Name);
        Tensor root_R = svd.Sigma_R.sqrt();
        (Tensor a_RI, Tensor b_OR) = options.SigmaPlacement switch
        {
            Placement.Input => (svd.Vh_RI.mul(svd.Sigma_R.unsqueeze(1)), svd.U_OR),
            Placement.Output => (svd.Vh_RI, svd.U_OR.mul(svd.Sigma_R)),
            _ => (svd.Vh_RI.mul(root_R.unsqueeze(1)), svd.U_OR.mul(root_R)),
        };
        Tensor r_RR = Initialisers.Gaussian(layer.Name + ".lora_R", request.Seed, request.Rank, request.Rank, options.RInitStd, layer.Weight_OI.device);
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
        [Option("Which frozen factor holds the singular values: input is the authors' choice.")]
        public Placement SigmaPlacement { get; init; } = Placement.Input;

        /// <summary>Standard deviation of R at the start.</summary>
        [Option("Standard deviation of R at the start; 0 starts exactly at the base model.", Minimum = 0, Maximum = 1)]
        public double RInitStd { get; init; } = 1e-5;

        /// <summary>Algorithm of the decomposition.</summary>
        [Option("Algorithm of the singular value decomposition: auto is full up to 512 columns, else randomised.")]
        public SvdAlgorithm Svd { get; init; } = SvdAlgorithm.Auto;

        /// <summary>Power iterations of the randomised decomposition.</summary>
        [Option("Power iterations of the randomised decomposition.", Minimum = 0, Maximum = 100)]
        public int SvdIterations { get; init; } = 16;
    }
}
