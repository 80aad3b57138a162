using LoraLab.Benchmarks.Protocol;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>The gate before every timing: ways that do not give the same gradient are not compared.</summary>
internal static class SameMath
{
    private const double LossLimit = 1e-5;
    private const double Fp32Limit = 2e-6;
    private const double HalfLossLimit = 2e-2;
    private const double HalfLimit = 3e-2;
    private const double Disturbance = 0.01;
    private const double OwnFactor = 10;

    /// <summary>Moves the factors off their start, where half of the gradient is zero.</summary>
    public static void Disturb(PreparedRun run)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(7, CPU);
        foreach (AdapterParameter parameter in run.Adapters.SelectMany(adapter => adapter.Trainable))
        {
            parameter.Value.add_(randn(parameter.Value.shape, generator: generator).mul_(Disturbance).to(parameter.Value.device));
        }
    }

    /// <summary>
    /// Relative error of each way's gradient of one window, the largest, in words: in fp32 against the literal loop in float64, within a fixed
    /// limit, or within ten times the literal loop's own error where that is more (targets whose parts cancel); in half precision against the
    /// literal loop.
    /// </summary>
    /// <exception cref="NotMeasuredException">It is not the same mathematics.</exception>
    public static string Require(StepWorkload work, int step, params IReadOnlyList<(string Name, IWindowGradient Gradient)> ways)
    {
        using IDisposable scope = NewDisposeScope();
        bool half = work.Run.Model.Dtype != ScalarType.Float32;
        (double loss, Tensor gradient) literal = Gradient(work, work.Literal, step);
        (double loss, Tensor gradient) = half ? literal : Float64Gradient.Of(work.Run, step);
        double own = Error(literal.gradient, gradient);
        double limit = Math.Max(half ? HalfLimit : Fp32Limit, OwnFactor * own);
        double worst = 0;
        foreach ((string name, IWindowGradient way) in ways)
        {
            (double other, Tensor otherGradient) = Gradient(work, way, step);
            double lossError = Math.Abs(other - loss) / loss;
            double error = Error(otherGradient, gradient);
            // Not "error > limit": a NaN must fail.
            if (!(lossError <= (half ? HalfLossLimit : LossLimit) && error <= limit))
            {
                throw new NotMeasuredException(FormattableString.Invariant($"{name} is not the same mathematics as the literal loop: loss differs by {lossError:0e0}, gradient by {error:0e0}, the literal loop's own by {own:0e0}."));
            }

            worst = Math.Max(worst, error);
        }

        return FormattableString.Invariant($"gradient error {worst:0.0e0}{(half ? "" : $" against float64 (the literal loop's own: {own:0.0e0})")}");
    }

    private static double Error(Tensor gradient, Tensor reference) => TensorReader.Doubles(gradient.sub(reference).norm().div(reference.norm()))[0];

    private static (double Loss, Tensor Gradient) Gradient(StepWorkload work, IWindowGradient way, int step)
    {
        work.Training.BeginStep();
        Tensor loss = way.Accumulate(step, work.Training.Scaler.Scale, CancellationToken.None);
        using IDisposable noGrad = no_grad();
        return (TensorReader.Doubles(loss)[0], cat([.. work.Run.Adapters.SelectMany(adapter => adapter.Trainable).Select(parameter => parameter.Value.grad!.flatten().to(float64))]));
    }
}
