using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// EVA (Paischer et al. 2024): A is initialized with the principal directions of the layer's inputs; with ρ greater than 1, ranks go to the
/// layers whose components explain more variance.
/// </summary>
public sealed class EvaMethod : CalibratedMethod<EvaMethod.Options>
{
    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "eva",
        Name = "EVA",
        Summary = "LoRA with A from the principal directions of the layer's inputs, and ranks distributed by explained variance.",
        Formula = "ΔW = s·B·A",
        Trains = "A and B",
        Start = "A the principal directions of the inputs, B zero: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W [out, in] frozen; A [r, in]; B [out, r]; with rho above 1, r differs by layer and s does not",
        ],
        Initialization =
        [
            RowsHelp,
            "C: covariance of the layer's inputs over every token of all rows, centered, in float64",
            "A: the eigenvectors of the largest eigenvalues of C, one a row; signs such that the largest entry is positive; B: 0",
            "rho: each layer offers its first ρ·r components; of the components of all layers, r times the number of layers stay, those "
                + "with the largest share of their layer's variance, ties in the order of the model; a layer without any gets no adapter",
        ],
        Export = "A and B as they are; with rho above 1, rank_pattern and alpha_pattern give each layer its rank at the same scaling.",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "The directions are exact, from the covariance of all calibration tokens.",
                "The authors' code and PEFT use an incremental decomposition that stops when the directions have nearly converged."),
            new(
                "Not part of the paper.",
                "rho is 1 by default, so that all layers have rank r; the scaling of a layer does not change with its rank.",
                "That is PEFT's default for rho and its adjust_scaling_factors."),
            new(
                "Not part of the paper.",
                "The default learning rate is LoRA's 2e-4.",
                "B starts at zero as in LoRA, so that the same rates work."),
        ],
        Source = "Paischer et al. 2024, Parameter Efficient Fine-tuning via Explained Variance Adaptation",
        Color = "#1190a0",
        DefaultLearningRate = 2e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    public override int ComponentsNeeded(int rank, JsonObject options) => Components(rank, Read(options).Rho);

    /// <inheritdoc />
    public override bool RanksDiffer(JsonObject options) => Read(options).Rho > 1;

    /// <summary>Distributes ranks over layers by the shares of their components in their variance.</summary>
    /// <param name="shares">Shares of each layer's components, descending.</param>
    /// <param name="total">Sum of the ranks.</param>
    internal static int[] Ranks(IReadOnlyList<float[]> shares, int total)
    {
        int[] ranks = new int[shares.Count];
        IEnumerable<int> chosen = shares
            .SelectMany((own, layer) => own.Select((share, component) => (share, component, layer)))
            .OrderByDescending(candidate => candidate.share).ThenBy(candidate => candidate.layer).ThenBy(candidate => candidate.component)
            .Take(total).Select(candidate => candidate.layer);
        foreach (int layer in chosen)
        {
            ranks[layer]++;
        }

        return ranks;
    }

    /// <inheritdoc />
    protected override Calibrator Calibrator(AdapterRequest request, Options options) =>
        new PrincipalDirections(request.Rank, Components(request.Rank, options.Rho));

    private static int Components(int rank, double rho) => (int)Math.Min(int.MaxValue, Math.Round(rank * rho));

    private sealed class PrincipalDirections(int rank, int components) : Calibrator
    {
        public override int Rank => rank;

        public override CalibrationMeasure Measure => CalibrationMeasure.CenteredCovariance;

        public override string Key => string.Create(CultureInfo.InvariantCulture, $"eva 1, components {components}");

        public override bool DependsOnInputOnly => true;

        public override double WorkspaceBytes(LinearShape layer) => 4.0 * sizeof(double) * layer.In * layer.In;

        public override CalibratedFactors Factors(LinearLayer layer, Tensor measured)
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            (Tensor values_I, Tensor vectors_II) = linalg.eigh(measured);
            Tensor directions_IR = vectors_II.flip(1).narrow(1, 0, components);
            Tensor a_RI = directions_IR.mul(Adapters.Factors.SignOfLargest(directions_IR)).t();
            Tensor variances_R = values_I.flip(0).narrow(0, 0, components);
            double total = Math.Max(measured.diagonal().sum().item<double>(), double.Epsilon);
            return new(Adapters.Factors.Own(a_RI), Importance_R: Adapters.Factors.Own(variances_R.Over(total)));
        }

        public override IReadOnlyDictionary<string, CalibratedFactors> Distribute(
            IReadOnlyList<(string Module, CalibratedFactors Factors, int Rank)> layers)
        {
            int[] ranks = Ranks(
                [.. layers.Select(layer => TensorReader.Floats(layer.Factors.Importance_R!))], layers.Sum(layer => layer.Rank));
            Dictionary<string, CalibratedFactors> distributed = new(StringComparer.Ordinal);
            foreach (((string module, CalibratedFactors factors, _), int own) in layers.Zip(ranks))
            {
                using IDisposable scope = NewDisposeScope();
                distributed[module] = new(Adapters.Factors.Own(factors.A_RI.narrow(0, 0, own)));
                factors.Dispose();
            }

            return distributed;
        }
    }

    /// <summary>Options of <c>eva</c>.</summary>
    public sealed record Options : CalibrationOptions
    {
        /// <summary>ρ.</summary>
        [MethodOption(
            "Redistribution of ranks (ρ)",
            "Redistribution of ranks: a layer may get up to ρ·r of them; 1: every layer has rank r.", Minimum = 1, Maximum = 100)]
        public double Rho { get; init; } = 1;
    }
}
