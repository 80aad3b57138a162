using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Gradients;
using TorchSharp;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Measures before the first step what the run's largest window needs: computes and discards its gradient, without changing anything that
/// a later step reads.
/// </summary>
/// <param name="run">The prepared run.</param>
/// <param name="engine">Its packed windows and kernels.</param>
/// <param name="progress">Its gradients, which are zeroed afterwards.</param>
internal sealed class MemoryProbe(PreparedRun run, TrainingEngine engine, TrainingProgress progress)
{
    /// <summary>Returns the peak memory, MiB; null if it cannot be measured.</summary>
    /// <param name="budgetCheck">Check of the run's memory budget; null: none.</param>
    /// <param name="cancellation">Cancels between two blocks or passes.</param>
    /// <exception cref="RunFailure">The peak exceeds the budget.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public double? Run(MemoryBudgetCheck? budgetCheck, CancellationToken cancellation)
    {
        int window = LargestWindow();
        double? peak = Peak(window, cancellation);
        if (budgetCheck?.IsWithinBudget(peak) == false)
        {
            // The first pass of a process also compiles, which takes memory that no step needs: measure again.
            peak = Peak(window, cancellation);
            budgetCheck.RequireProbe(peak);
        }

        return peak;
    }

    private double? Peak(int step, CancellationToken cancellation)
    {
        run.Memory.BeginUncounted();
        using (torch.NewDisposeScope())
        {
            // Reading the loss synchronizes with the device, so that an out-of-memory error is raised here.
            TensorReader.Doubles(engine.Gradient.Accumulate(step, progress.Scaler.Scale, cancellation));
        }

        double? peak = run.Memory.EndUncounted();
        progress.Optimizer.ZeroGradients();
        return peak;
    }

    private int LargestWindow() =>
        Enumerable.Range(1, Math.Min(run.Schedule.WindowsPerEpoch, run.Schedule.TotalSteps)).MaxBy(Bytes);

    private double Bytes(int step)
    {
        if (engine.Passes is not TrainingPasses passes)
        {
            return run.Window(step).Max(example => example.Ids.Length);
        }

        MemoryRequest request = new()
        {
            Config = run.Model.Config,
            Spec = run.Spec,
            Adapters = MemoryRequest.AdaptersOf(run.Spec, run.Model.Config),
            Training = [],
            Evaluation = [],
            Gpu = run.Device.type == DeviceType.CUDA,
        };
        return passes.Of(step).Max(pass => MemoryEstimator.Training(request, pass.Layout.Shape(pass.TargetRows)).Peak);
    }
}
