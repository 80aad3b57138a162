using LoraLab.Training.Data;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// Steps whose loss and gradient norm are still on the device. Reading them synchronizes with it, so they are read in batches.
/// </summary>
public sealed class StepLog : IDisposable
{
    /// <summary>Maximum number of pending steps.</summary>
    public const int Capacity = 64;

    private readonly List<PendingStep> _pending = [];

    /// <summary>Creates an empty log on a device.</summary>
    public StepLog(Device device) => Values = zeros(Capacity, 2, float64, device).DetachFromDisposeScope();

    /// <summary>Loss and norm of each pending step, float64 [steps, 2].</summary>
    public Tensor Values { get; }

    /// <summary>Number of pending steps.</summary>
    public int Count => _pending.Count;

    /// <summary>Adds an issued step.</summary>
    public void Add(PendingStep step) => _pending.Add(step);

    /// <summary>Reads and removes the pending steps. Waits for the device.</summary>
    public IReadOnlyList<(PendingStep Step, double Loss, double Norm)> Read()
    {
        if (_pending.Count == 0)
        {
            return [];
        }

        using IDisposable scope = NewDisposeScope();
        double[] values = TensorReader.Doubles(Values.narrow(0, 0, _pending.Count));
        List<(PendingStep, double, double)> steps = [.. _pending.Select((step, i) => (step, values[2 * i], values[(2 * i) + 1]))];
        _pending.Clear();
        return steps;
    }

    /// <inheritdoc />
    public void Dispose() => Values.Dispose();
}

/// <summary>A step issued to the device.</summary>
/// <param name="Step">Optimizer step, from 1.</param>
/// <param name="Window">Its sentences.</param>
/// <param name="Seconds">Seconds to issue it; on the CPU, to compute it.</param>
/// <param name="Scaler">The loss scaler of the step.</param>
public sealed record PendingStep(int Step, IReadOnlyList<TrainingExample> Window, double Seconds, LossScaler Scaler);
