using System.Globalization;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>Precondition of every timing: implementations with different gradients are not compared.</summary>
internal static class SameMath
{
    private const double LossLimit = 1e-5;
    private const double Fp32Limit = 2e-6;
    private const double HalfLossLimit = 2e-2;
    private const double HalfLimit = 3e-2;
    private const double PerturbationStd = 0.01;
    private const double OwnFactor = 10;

    /// <summary>Adds noise to the factors, because half of the gradient is zero at their initialization.</summary>
    public static void Perturb(PreparedRun run)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(7, CPU);
        foreach (AdapterParameter parameter in run.Adapters.SelectMany(adapter => adapter.Trainable))
        {
            parameter.Value.add_(randn(parameter.Value.shape, generator: generator).mul_(PerturbationStd).to(parameter.Value.device));
        }
    }

    /// <summary>
    /// Checks the gradient of one window for each implementation, and returns the largest relative error as text. In fp32 it is compared
    /// with the reference path in float64, with a fixed limit, or ten times the error of the fp32 reference path if that is larger (targets
    /// that cancel); in half precision it is compared with the reference path in that precision.
    /// </summary>
    /// <exception cref="NotMeasuredException">A gradient or loss is outside its limit.</exception>
    public static string Require(StepWorkload work, int step, params IReadOnlyList<(string Name, IWindowGradient Gradient)> implementations)
    {
        using IDisposable scope = NewDisposeScope();
        bool half = work.Run.Model.Dtype != ScalarType.Float32;
        (double loss, Tensor gradient) literal = Gradient(work, work.Literal, step);
        (double loss, Tensor gradient) = half ? literal : Float64Gradient.Compute(work.Run, step);
        double own = Error(literal.gradient, gradient);
        double limit = Math.Max(half ? HalfLimit : Fp32Limit, OwnFactor * own);
        double worst = 0;
        foreach ((string name, IWindowGradient way) in implementations)
        {
            (double other, Tensor otherGradient) = Gradient(work, way, step);
            double lossError = Math.Abs(other - loss) / loss;
            double error = Error(otherGradient, gradient);
            // Not "error > limit": a NaN must fail.
            if (!(lossError <= (half ? HalfLossLimit : LossLimit) && error <= limit))
            {
                throw new NotMeasuredException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} does not match the reference path: relative error of the loss {lossError:0e0}, of the gradient {error:0e0}; "
                        + $"of the fp32 reference path's gradient {own:0e0}."));
            }

            worst = Math.Max(worst, error);
        }

        return FormattableString.Invariant(
            $"gradient error {worst:0.0e0}{(half ? "" : $" against float64 (fp32 reference path: {own:0.0e0})")}");
    }

    private static double Error(Tensor gradient, Tensor reference) =>
        TensorReader.Doubles(gradient.sub(reference).norm().div(reference.norm()))[0];

    private static (double Loss, Tensor Gradient) Gradient(StepWorkload work, IWindowGradient way, int step)
    {
        work.BeginStep();
        Tensor loss = way.Accumulate(step, work.Progress.Scaler.Scale, CancellationToken.None);
        using IDisposable noGrad = no_grad();
        return (TensorReader.Doubles(loss)[0], cat([.. work.Run.Adapters.SelectMany(adapter => adapter.Trainable)
            .Select(parameter => parameter.Value.grad!.flatten().to(float64))]));
    }
}
