using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Managed bytes, leaked tensors and device synchronizations: a long run minus a short one, so that start and end cancel.
/// </summary>
/// <param name="model">Name of the model.</param>
/// <param name="prepare">Prepares a run with a number of steps.</param>
/// <param name="note">Description of the model.</param>
internal sealed class Counters(string model, Func<Bench, int, string, PreparedRun> prepare, string? note = null) : IMeasurement
{
    private const int Short = 100;
    private const int Long = 1100;
    private const int InsideSteps = 50;

    /// <inheritdoc />
    public string Name => $"counters-{model}";

    /// <inheritdoc />
    public string Description => $"training loop with recorder and log, {model}: counts over {Long - Short:N0} steps";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder data = bench.CreateTemporaryFolder();
        CountedRun.Train(bench, prepare(bench, Short, data.FullPath));
        CountedRun few = CountedRun.Train(bench, prepare(bench, Short, data.FullPath));
        CountedRun steps = CountedRun.Train(bench, prepare(bench, Long, data.FullPath)).Minus(few);
        long inside = ReadsInsideSteps(bench, prepare(bench, Short, data.FullPath));
        return
        [
            Count("managed bytes per step", "bytes", (double)steps.Bytes / steps.Steps, Target.NoMoreThan(64 * 1024, 8 * 1024), note),
            Count("tensors leaked per 1,000 steps", "tensors", steps.Tensors * 1000.0 / steps.Steps, Target.NoMoreThan(0, 0), note),
            Count(
                "device synchronizations within a step",
                "waits",
                (double)inside / InsideSteps,
                Target.NoMoreThan(0, 0),
                "gradient, clipping and update"),
            Count(
                "reads of the step log per 1,000 steps",
                "reads",
                steps.Reads * 1000.0 / steps.Steps,
                null,
                "between steps: one for up to 64 steps, at least every 200 ms"),
        ];
    }

    private static long ReadsInsideSteps(Bench bench, PreparedRun run)
    {
        using StepWorkload work = new(bench, run);
        long inside = 0;
        for (int step = 1; step <= InsideSteps; step++)
        {
            long before = TensorReader.Reads;
            work.Issue(work.Shared, step);
            inside += TensorReader.Reads - before;
            work.Commit();
        }

        return inside;
    }

    private Finding Count(string what, string unit, double value, Target? target, string? remark) => new Finding
    {
        Measurement = Name,
        Description = $"{what}, {model}",
        Unit = unit,
        Value = new(value, value, value),
        Target = target,
        Note = remark,
    }.WithVerdict();
}
