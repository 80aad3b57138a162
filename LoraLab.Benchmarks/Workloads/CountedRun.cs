using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Recording;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>Counts over a whole run of the training loop: allocations, leaked tensors and device synchronizations.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Bytes">Managed bytes allocated by the thread.</param>
/// <param name="Tensors">Live tensors after the run minus those before it.</param>
/// <param name="Reads">Reads from the device, each of which waits for it.</param>
internal sealed record CountedRun(int Steps, long Bytes, long Tensors, long Reads)
{
    /// <summary>Trains and counts; disposes the prepared run.</summary>
    public static CountedRun Train(Bench bench, PreparedRun run)
    {
        using TemporaryFolder folder = bench.CreateTemporaryFolder();
        RunDirectory directory = new(folder.FullPath);
        using EventLog events = new(directory.AttemptFolder(1), TimeProvider.System);
        RunRecorder recorder = new(directory, events, new RunLog(_ => { }, TimeProvider.System), TimeProvider.System);
        using (run)
        {
            long tensors = Tensor.TotalCount;
            long reads = TensorReader.Reads;
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            Train(run, recorder);
            return new(
                run.Schedule.TotalSteps,
                GC.GetAllocatedBytesForCurrentThread() - bytes,
                Tensor.TotalCount - tensors,
                TensorReader.Reads - reads);
        }
    }

    /// <summary>The counts of the additional steps of a longer run.</summary>
    public CountedRun Minus(CountedRun shorter) =>
        new(Steps - shorter.Steps, Bytes - shorter.Bytes, Tensors - shorter.Tensors, Reads - shorter.Reads);

    /// <summary>A specification with a number of steps over few sentences, evaluated before and after training.</summary>
    public static RunSpec Spec(RunSpec spec, int steps) => spec with
    {
        TrainSamples = 1600,
        Epochs = (steps / 100) + 1,
        MaxSteps = steps,
        EvalEvery = int.MaxValue,
        EvalSamples = 8,
    };

    private static void Train(PreparedRun run, RunRecorder recorder)
    {
        using TrainingProgress progress = new(run);
        using TrainingEngine engine = new(run);
        TrainingReport report = new(run, recorder, new SummaryBuilder());
        new TrainingLoop(run, engine.Gradient, engine.Model, progress, report, checkpoints: null, CancellationToken.None).Run();
    }
}
