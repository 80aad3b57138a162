using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// Steps whose loss and gradient norm are still on the device. Reading them synchronizes with it, so they are read in batches.
/// </summary>
public sealed class IssuedSteps : IDisposable
{
    private const int Capacity = 64;
    private readonly List<IssuedStep> _steps = [];

    /// <summary>Creates an empty list on a device.</summary>
    public IssuedSteps(Device device) => Results = zeros(Capacity, 2, float64, device).DetachFromDisposeScope();

    /// <summary>Loss and norm of each step, float64 [steps, 2], written by the optimizer.</summary>
    public Tensor Results { get; }

    /// <summary>Number of steps.</summary>
    public int Count => _steps.Count;

    /// <summary>Whether the results must be read before the next step.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>Adds a step whose results are in the next row.</summary>
    public void Add(IssuedStep step) => _steps.Add(step);

    /// <summary>Reads the results of all steps and removes the steps. Waits for the device, unless there are none.</summary>
    public IReadOnlyList<StepResult> Read()
    {
        if (Count == 0)
        {
            return [];
        }

        using IDisposable scope = NewDisposeScope();
        double[] values = TensorReader.Doubles(Results.narrow(0, 0, Count));
        double tokensPerSecond = _steps.Sum(step => (double)step.Tokens) / _steps.Sum(step => step.Seconds);
        List<StepResult> results =
            [.. _steps.Select((step, i) => new StepResult(step, values[2 * i], values[(2 * i) + 1], tokensPerSecond))];
        _steps.Clear();
        return results;
    }

    /// <inheritdoc />
    public void Dispose() => Results.Dispose();
}
