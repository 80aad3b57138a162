using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// CorDA (Yang et al. 2024): A and B are components of W oriented by the covariance C of the layer's inputs, from the decomposition of W·C,
/// and are subtracted from the weight.
/// </summary>
public sealed class CordaMethod : CalibratedMethod<CordaMethod.Options>
{
    /// <summary>Which components are trained.</summary>
    public enum Part
    {
        /// <summary>Instruction previewed: the principal components of the calibration rows.</summary>
        Ipm,

        /// <summary>Knowledge preserved: the least important components.</summary>
        Kpm,
    }

    /// <inheritdoc />
    public override bool TakesFromBase => true;

    /// <inheritdoc />
    public override string PeftInitialization => "corda";

    /// <inheritdoc />
    public override JsonObject InitializationSettings(JsonObject options) => new()
    {
        ["corda_config"] = new JsonObject { ["corda_method"] = Read(options).Mode == Part.Kpm ? "kpm" : "ipm" },
    };

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "corda",
        Name = "CorDA",
        Summary = "LoRA initialized with components of the weight oriented by the inputs of calibration rows; the residual is frozen.",
        Formula = "W = (W − s·B₀·A₀) + s·B·A",
        Trains = "A and B",
        Start = "A and B from the decomposition of W·C, C the covariance of the inputs: the initial model equals the base model",
        Shapes =
        [
            "y = x·W_resᵀ + s·drop(x)·Aᵀ·Bᵀ, " + AdapterScaling.Formula,
            "W_res [out, in] frozen; A [r, in]; B [out, r]",
        ],
        Initialization =
        [
            RowsHelp,
            "C: mean over the rows of XᵀX, not centered, where X (tokens × in) is divided by the absolute value of its maximum; plus "
                + "0.01·mean(diag C)·I, doubled until C·C⁻¹ is within 0.05 of I; all in float64",
            "U·Σ·Vᵀ = W·C; mode ipm: the r largest singular values with their vectors; kpm: the r smallest; signs such that the largest "
                + "entry of each left vector is positive",
            "A₀ = √(Σ/s)·Vᵀ·C⁻¹, B₀ = U·√(Σ/s)",
            "W_res = W − s·B₀·A₀, computed in float64 and rounded once to the base's precision",
        ],
        Export = ExportOfChangedBase,
        Deviations =
        [
            new(
                "Not part of the paper.",
                "The covariance is that of the run's own training texts, 64 rows by default.",
                "Yang et al. collect it from 256 samples of the target task (ipm) or of general questions (kpm); calibrationSamples and "
                    + "calibrationOffset choose other rows of the training file."),
            new(
                "Not part of the paper.",
                "The covariance and the decomposition are computed in float64.",
                "PEFT uses fp32; in float64 the factors do not depend on the device, and 64 rows take seconds on a small model."),
            new(
                "Not part of the paper.",
                "The default learning rate is 1e-4.",
                "The factors start at the scale of the weight, so they need a lower rate than LoRA's."),
        ],
        Source = "Yang et al. 2024, CorDA: Context-Oriented Decomposition Adaptation of Large Language Models",
        Color = "#b07d2b",
        DefaultLearningRate = 1e-4,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Calibrator Calibrator(AdapterRequest request, Options options) =>
        new Oriented(request.Rank, request.Scaling, options.Mode);

    private sealed class Oriented(int rank, double scaling, Part part) : Calibrator
    {
        private const double Damping = 0.01, Tolerance = 0.05;

        public override int Rank => rank;

        public override CalibrationMeasure Measure => CalibrationMeasure.NormalizedCovariance;

        public override string Key => string.Create(CultureInfo.InvariantCulture, $"corda 1, {part}, rank {rank}, scaling {scaling:R}");

        public override double WorkspaceBytes(LinearShape layer) =>
            sizeof(double) * ((4.0 * layer.In * layer.In) + (5.0 * layer.Out * layer.In));

        public override CalibratedFactors Factors(LinearLayer layer, Tensor measured)
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            (Tensor covariance_II, Tensor inverse_II) = Invertible(layer, measured);
            (Tensor u, Tensor sigma, Tensor vh) = linalg.svd(layer.Original_OI.to(float64).mm(covariance_II), fullMatrices: false);
            long first = part == Part.Ipm ? 0 : sigma.shape[0] - rank;
            Tensor u_OR = u.narrow(1, first, rank);
            Tensor signs_1R = Adapters.Factors.SignOfLargest(u_OR);
            Tensor root_R = sigma.narrow(0, first, rank).Over(scaling).sqrt();
            Tensor a_RI = vh.narrow(0, first, rank).mm(inverse_II).mul(root_R.unsqueeze(1)).mul(signs_1R.t());
            return new(Adapters.Factors.Own(a_RI), Adapters.Factors.Own(u_OR.mul(root_R).mul(signs_1R)));
        }

        private static (Tensor Covariance_II, Tensor Inverse_II) Invertible(LinearLayer layer, Tensor covariance_II)
        {
            double mean = covariance_II.diagonal().mean().item<double>();
            if (!(mean > 0))
            {
                throw RunFailure.BadData(
                    $"corda cannot calibrate {layer.Name}, whose inputs are zero on all calibration rows; choose another method.",
                    "method");
            }

            Tensor identity_II = eye(covariance_II.shape[0], dtype: float64, device: covariance_II.device);
            double damping = Damping;
            while (true)
            {
                Tensor damped_II = covariance_II.Plus(identity_II.Times(damping * mean));
                Tensor inverse_II = linalg.inv(damped_II);
                if (damped_II.mm(inverse_II).sub(identity_II).norm().item<double>() < Tolerance)
                {
                    return (damped_II, inverse_II);
                }

                damping *= 2;
            }
        }
    }

    /// <summary>Options of <c>corda</c>.</summary>
    public sealed record Options : CalibrationOptions
    {
        /// <summary>Which components are trained.</summary>
        [MethodOption(
            "Trained components",
            "ipm: the components most important to the calibration rows are trained; kpm: the least important.")]
        public Part Mode { get; init; } = Part.Ipm;
    }
}
