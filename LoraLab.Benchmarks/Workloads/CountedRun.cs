using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Recording;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>What a whole run of the trainer's own loop leaves and asks for, counted, not timed.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Bytes">Managed bytes that its thread allocated.</param>
/// <param name="Tensors">Tensors that are alive afterwards and were not before.</param>
/// <param name="Reads">Waits for the device.</param>
internal sealed record CountedRun(int Steps, long Bytes, long Tensors, long Reads)
{
    /// <summary>Trains and counts; the prepared run is disposed.</summary>
    public static CountedRun Of(Bench bench, PreparedRun run)
    {
        using TemporaryFolder folder = bench.Temporary();
        RunDirectory directory = new(folder.FullPath);
        using EventLog events = new(directory.AttemptFolder(1), TimeProvider.System);
        RunRecorder recorder = new(directory, events, new RunLog(_ => { }, TimeProvider.System), TimeProvider.System);
        using (run)
        {
            long tensors = Tensor.TotalCount;
            long reads = TensorReader.Reads;
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            Train(run, recorder);
            return new(run.Schedule.TotalSteps, GC.GetAllocatedBytesForCurrentThread() - bytes, Tensor.TotalCount - tensors, TensorReader.Reads - reads);
        }
    }

    /// <summary>The part of a longer run that its further steps are to blame for.</summary>
    public CountedRun Beyond(CountedRun shorter) => new(Steps - shorter.Steps, Bytes - shorter.Bytes, Tensors - shorter.Tensors, Reads - shorter.Reads);

    /// <summary>A specification with so many steps over few sentences, evaluated before and after.</summary>
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
        using TrainingRun training = new(run, recorder, new SummaryBuilder(), CancellationToken.None);
        using TrainingEngine engine = new(training);
        engine.Train(save: () => { });
    }
}
