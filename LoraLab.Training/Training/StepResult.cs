using LoraLab.Training.Data;
using LoraLab.Training.Training.Optimization;

namespace LoraLab.Training.Training;

/// <summary>A step with its results.</summary>
/// <param name="Issued">The step.</param>
/// <param name="Loss">Loss of its window before the update.</param>
/// <param name="Norm">Global norm of the unscaled gradient before clipping.</param>
/// <param name="Seconds">Mean time of the steps that were read together, until the device had done them.</param>
/// <param name="TokensPerSecond">Throughput of those steps.</param>
public sealed record StepResult(IssuedStep Issued, double Loss, double Norm, double Seconds, double TokensPerSecond)
{
    /// <summary>Optimizer step, from 1.</summary>
    public int Step => Issued.Step;

    /// <summary>Its examples.</summary>
    public IReadOnlyList<TrainingExample> Window => Issued.Window;

    /// <summary>The loss scaler of the step.</summary>
    public LossScaler Scaler => Issued.Scaler;

    /// <summary>Whether the scaled gradient overflowed although the loss is finite (fp16).</summary>
    public bool Overflowed => Scaler.Active && double.IsFinite(Loss) && !double.IsFinite(Norm);

    /// <summary>Whether loss and gradient are finite.</summary>
    public bool Finite => double.IsFinite(Loss) && double.IsFinite(Norm);
}
