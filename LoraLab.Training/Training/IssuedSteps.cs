using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// Steps whose loss and gradient norm are still on the device. Reading them synchronizes with it, so they are read in batches. Their time
/// is measured from the first of a batch being issued, when the device is idle, until their results are read, when it has done them: a GPU
/// accepts a step in a fraction of the time that it takes to compute it.
/// </summary>
public sealed class IssuedSteps : IDisposable
{
    private const int Capacity = 64;
    private readonly List<IssuedStep> _steps = [];
    private readonly TimeProvider _clock;
    private readonly Func<Tensor, double[]> _read;
    private long? _begun;

    /// <summary>Creates an empty list on a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="clock">Measures the steps; null: the system's.</param>
    public IssuedSteps(Device device, TimeProvider? clock = null)
        : this(device, clock ?? TimeProvider.System, TensorReader.Doubles)
    {
    }

    /// <summary>A list that reads its results, which waits for the device, with <paramref name="read"/>.</summary>
    internal IssuedSteps(Device device, TimeProvider clock, Func<Tensor, double[]> read)
    {
        (_clock, _read) = (clock, read);
        Results = zeros(Capacity, 2, float64, device).DetachFromDisposeScope();
    }

    /// <summary>Loss and norm of each step, float64 [steps, 2], written by the optimizer.</summary>
    public Tensor Results { get; }

    /// <summary>Number of steps.</summary>
    public int Count => _steps.Count;

    /// <summary>Whether the results must be read before the next step.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>Call before a step is issued: the first of a batch starts its time.</summary>
    public void Begin() => _begun ??= _clock.GetTimestamp();

    /// <summary>Adds a step whose results are in the next row.</summary>
    public void Add(IssuedStep step) => _steps.Add(step);

    /// <summary>Reads the results of all steps and removes the steps. Waits for the device, unless there are none.</summary>
    public IReadOnlyList<StepResult> Read()
    {
        if (Count == 0)
        {
            _begun = null;
            return [];
        }

        using IDisposable scope = NewDisposeScope();
        double[] values = _read(Results.narrow(0, 0, Count));
        double seconds = _begun is long begun ? _clock.GetElapsedTime(begun).TotalSeconds : 0;
        double tokensPerSecond = _steps.Sum(step => (double)step.Tokens) / seconds;
        List<StepResult> results =
        [
            .. _steps.Select((step, i) => new StepResult(step, values[2 * i], values[(2 * i) + 1], seconds / Count, tokensPerSecond)),
        ];
        _steps.Clear();
        _begun = null;
        return results;
    }

    /// <inheritdoc />
    public void Dispose() => Results.Dispose();
}
