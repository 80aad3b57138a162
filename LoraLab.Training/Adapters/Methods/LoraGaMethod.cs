using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Methods;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// LoRA-GA (Wang, Yu and Li 2024): A and B are singular vectors of the gradient of the weight, so that the first step approximates that of
/// full fine-tuning; they are subtracted from the weight.
/// </summary>
public sealed class LoraGaMethod : CalibratedMethod<LoraGaMethod.Options>
{
    /// <summary>Which singular vectors of the gradient the factors start with.</summary>
    public enum Directions
    {
        /// <summary>A the first r, B the second r.</summary>
        [JsonStringEnumMemberName("ArB2r")]
        ArB2r,

        /// <summary>A every second, B those between.</summary>
        [JsonStringEnumMemberName("ArBr")]
        ArBr,

        /// <summary>A the second r, B the first r.</summary>
        [JsonStringEnumMemberName("A2rBr")]
        A2rBr,

        /// <summary>A and B a random half each of the first 2r, by the run's seed.</summary>
        Random,
    }

    /// <summary>Scale of the factors.</summary>
    public enum Scaling
    {
        /// <summary>B times out^¼ / √γ.</summary>
        Stable,

        /// <summary>B such that its first column is as large as the largest singular value of W.</summary>
        WeightSvd,

        /// <summary>Both divided by s.</summary>
        GdScale,
    }

    /// <inheritdoc />
    public override bool TakesFromBase => true;

    /// <inheritdoc />
    public override string PeftInitialization => "lora_ga";

    /// <inheritdoc />
    public override JsonObject InitializationSettings(JsonObject options)
    {
        Options own = Read(options);
        return new()
        {
            ["lora_ga_config"] = new JsonObject
            {
                ["direction"] = own.Direction == Directions.Random ? "random" : own.Direction.ToString(),
                ["scale"] = own.Scale switch
                {
                    Scaling.GdScale => "gd_scale",
                    Scaling.WeightSvd => "weight_svd",
                    _ => "stable",
                },
                ["stable_gamma"] = own.StableGamma,
            },
        };
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lora-ga",
        Name = "LoRA-GA",
        Summary = "LoRA initialized with singular vectors of the weight's gradient on calibration rows; the residual is frozen.",
        Formula = "W = (W − s·B₀·A₀) + s·B·A",
        Trains = "A and B",
        Start = "A and B from the singular vectors of the gradient for W: the initial model equals the base model",
        Shapes =
        [
            "y = x·W_resᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W_res [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            RowsHelp,
            "G: gradient for W of the loss of these rows as one window, with the run's loss scope and weighting; summed in float64",
            "U·Σ·Vᵀ = G, the 2r largest singular values with their vectors (full if the smaller dimension of the weight is at most 512, "
                + "otherwise randomized); signs such that the largest entry of each left vector is positive, which also determines those "
                + "of the right vectors and thus of A",
            "direction ArB2r: A₀ = rows 1 to r of Vᵀ, B₀ = columns r+1 to 2r of U·Σ; A2rBr: the other way around; ArBr: A₀ = rows 2, 4, …, "
                + "2r, B₀ = columns 1, 3, …, 2r−1; random: a random half each, by the run's seed",
            "scale stable: B₀ times out^¼/√γ, γ = stableGamma; weightSvd: B₀ times σ₁(W)/Σ of its first column; gdScale: both divided by s",
            "W_res = W − s·B₀·A₀, computed in float64 and rounded once to the base's precision",
        ],
        Export = ExportOfChangedBase,
        Deviations =
        [
            new(
                "Not part of the paper.",
                "B₀ contains the singular values, as in PEFT.",
                "Wang, Yu and Li use the vectors alone; PEFT's numbers are those that people compare with."),
            new(
                "Not part of the paper.",
                "The signs of the singular vectors follow a fixed rule: the largest entry of each left vector is positive.",
                "A and B come from different singular pairs, so their signs affect training, and a decomposition leaves them open."),
            new(
                "Not part of the paper.",
                "With direction random, A and B take different halves of the first 2r vectors.",
                "So does the authors' code; PEFT takes the same half for both."),
            new(
                "Not part of the paper.",
                "The gradient is computed block by block from the last to the first, and the decomposition is exact for small layers.",
                "Only the gradients of one block are in memory at a time; the authors go layer by layer for the same reason."),
            new(
                "Not part of the paper.",
                "The default learning rate is 5e-5.",
                "The factors are subtracted from the weight, as PiSSA's are, which has the same default."),
        ],
        Source = "Wang, Yu and Li 2024, LoRA-GA: Low-Rank Adaptation with Gradient Approximation",
        Color = "#6f8060",
        DefaultLearningRate = 5e-5,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    public override int ComponentsNeeded(int rank, JsonObject options) => (int)Math.Min(int.MaxValue, 2L * rank);

    /// <inheritdoc />
    protected override Calibrator Calibrator(AdapterRequest request, Options options) => new GradientDirections(request, options);

    private sealed class GradientDirections(AdapterRequest request, Options options) : Calibrator
    {
        private const int SvdIterations = 16;

        public override int Rank => request.Rank;

        public override CalibrationMeasure Measure => CalibrationMeasure.Gradient;

        public override string Key => string.Create(
            CultureInfo.InvariantCulture,
            $"lora-ga 1, {options.Direction}, {options.Scale}, gamma {options.StableGamma:R}, rank {request.Rank}, ")
            + string.Create(CultureInfo.InvariantCulture, $"scaling {request.Scaling:R}, ")
            + (options.Direction == Directions.Random ? string.Create(CultureInfo.InvariantCulture, $"seed {request.Seed}") : "any seed");

        public override double WorkspaceBytes(LinearShape layer) => 4.0 * sizeof(double) * layer.Out * layer.In;

        public override CalibratedFactors Factors(LinearLayer layer, Tensor measured)
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            TruncatedSvd svd = TruncatedSvd.Of(measured, 2 * request.Rank, SvdAlgorithm.Auto, SvdIterations, layer.Name);
            (Tensor placesOfA_R, Tensor placesOfB_R) = Places(layer);
            Tensor sigma_R = svd.Sigma_R.index_select(0, placesOfB_R);
            Tensor a_RI = svd.Vh_RI.index_select(0, placesOfA_R);
            Tensor b_OR = svd.U_OR.index_select(1, placesOfB_R).mul(sigma_R);
            return options.Scale switch
            {
                Scaling.GdScale => Own(a_RI.Over(request.Scaling), b_OR.Over(request.Scaling)),
                Scaling.Stable => Own(a_RI, b_OR.Times(Math.Pow(layer.Out, 0.25) / Math.Sqrt(options.StableGamma))),
                _ => Own(a_RI, b_OR.Times(LargestOfWeight(layer) / Positive(layer, sigma_R[0].to(float64).item<double>()))),
            };
        }

        private static CalibratedFactors Own(Tensor a_RI, Tensor b_OR) => new(Adapters.Factors.Own(a_RI), Adapters.Factors.Own(b_OR));

        private static double LargestOfWeight(LinearLayer layer) =>
            TruncatedSvd.Of(layer.Weight_OI, 1, SvdAlgorithm.Auto, SvdIterations, layer.Name).Sigma_R[0].to(float64).item<double>();

        private static double Positive(LinearLayer layer, double value) => value > 0
            ? value
            : throw RunFailure.BadData(
                $"lora-ga with scale weightSvd cannot calibrate {layer.Name}, whose gradient is zero on the calibration rows; choose other "
                    + "rows or scale stable.",
                "method");

        private (Tensor A_R, Tensor B_R) Places(LinearLayer layer)
        {
            int rank = request.Rank;
            int[] all = [.. Enumerable.Range(0, 2 * rank)];
            int[] order = options.Direction == Directions.Random
                ? [.. all.OrderBy(place => StableSeed.From(request.Seed, layer.Name + ".direction", place))]
                : all;
            return options.Direction switch
            {
                Directions.A2rBr => (Longs(all[rank..]), Longs(all[..rank])),
                Directions.ArBr => (Longs(all.Where(place => place % 2 == 1)), Longs(all.Where(place => place % 2 == 0))),
                _ => (Longs(order[..rank]), Longs(order[rank..])),
            };

            Tensor Longs(IEnumerable<int> places) => tensor([.. places.Select(place => (long)place)], device: layer.Device);
        }
    }

    /// <summary>Options of <c>lora-ga</c>.</summary>
    public sealed record Options : CalibrationOptions
    {
        /// <summary>Which singular vectors.</summary>
        [MethodOption("Singular vectors", "Singular vectors of the gradient that A and B start with, of the first 2r.")]
        public Directions Direction { get; init; } = Directions.ArB2r;

        /// <summary>Scale of the factors.</summary>
        [MethodOption(
            "Scale of the factors",
            "Scale of the factors: stable (by stableGamma), weightSvd (B as large as the weight) or gdScale (divided by s).")]
        public Scaling Scale { get; init; } = Scaling.Stable;

        /// <summary>γ.</summary>
        [MethodOption(
            "γ of the stable scale",
            "γ of scale stable; larger values make the initial factors smaller.", Minimum = 1e-6, Maximum = 1e9)]
        public double StableGamma { get; init; } = 16;
    }
}
