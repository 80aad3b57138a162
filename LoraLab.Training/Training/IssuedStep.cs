using LoraLab.Training.Data;
using LoraLab.Training.Training.Optimization;

namespace LoraLab.Training.Training;

/// <summary>A step issued to the device.</summary>
/// <param name="Step">Optimizer step, from 1.</param>
/// <param name="Window">Its examples.</param>
/// <param name="Scaler">The loss scaler of the step.</param>
public sealed record IssuedStep(int Step, IReadOnlyList<TrainingExample> Window, LossScaler Scaler)
{
    /// <summary>Tokens of the window.</summary>
    public int Tokens => Window.Sum(example => example.Ids.Length);
}
