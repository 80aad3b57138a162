using LoraLab.Benchmarks.Protocol;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Gradients;
using LoraLab.Training.Training.Recording;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// One run that can take its steps as <see cref="TrainingLoop"/> does, with each gradient implementation of the engine. Optimizer, list of
/// issued steps and recorder are those of production, so implementations differ only in the computation of the gradient.
/// </summary>
internal sealed class StepWorkload : IDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly EventLog _events;
    private readonly List<IDisposable> _owned = [];
    private readonly TrainingReport _report;

    /// <summary>Creates the workload, which owns the prepared run.</summary>
    public StepWorkload(Bench bench, PreparedRun run)
    {
        Run = run;
        _folder = bench.CreateTemporaryFolder();
        RunDirectory directory = new(_folder.FullPath);
        _events = new EventLog(directory.AttemptFolder(1), TimeProvider.System);
        Progress = new TrainingProgress(run);
        _report = new TrainingReport(
            run,
            new RunRecorder(directory, _events, new RunLog(_ => { }, TimeProvider.System), TimeProvider.System),
            new SummaryBuilder());
        Model = new PackedLlama(run.Model);
        Literal = new ReferenceGradient(run);
        Packed = Gradient(share: false);
        Shared = Gradient(share: true);
    }

    /// <summary>The prepared run.</summary>
    public PreparedRun Run { get; }

    /// <summary>Its optimizer, loss scale and issued steps.</summary>
    public TrainingProgress Progress { get; }

    /// <summary>One sentence per pass under plain autograd.</summary>
    public IWindowGradient Literal { get; }

    /// <summary>One packed pass.</summary>
    public IWindowGradient Packed { get; }

    /// <summary>One packed pass that computes the common prefix once, as the engine does.</summary>
    public IWindowGradient Shared { get; }

    /// <summary>The packed model of the run.</summary>
    public PackedLlama Model { get; }

    /// <summary>The passes of <see cref="Shared"/>.</summary>
    public TrainingPasses Passes { get; private set; } = null!;

    /// <summary>A step whose window has as many tokens as the median window.</summary>
    public int TypicalStep => Enumerable.Range(1, Passes.Windows.Count).OrderBy(step => Run.Window(step).Sum(example => example.Ids.Length))
        .ElementAt(Passes.Windows.Count / 2);

    /// <summary>Tokens of the sentences of a step.</summary>
    public int Tokens(int step) => Run.Window(step).Sum(example => example.Ids.Length);

    /// <summary>Takes a step like the trainer.</summary>
    public void Step(IWindowGradient gradient, int step)
    {
        Issue(gradient, step);
        Commit();
    }

    /// <summary>Computes the gradient and updates the parameters.</summary>
    public void Issue(IWindowGradient gradient, int step)
    {
        BeginStep();
        using (IDisposable scope = NewDisposeScope())
        {
            Update(step, gradient.Accumulate(step, Progress.Scaler.Scale, CancellationToken.None));
        }

        Progress.Issued.Add(new(step, Run.Window(step), Progress.Scaler));
        Progress.Scaler = Progress.Scaler.AfterFinite();
    }

    /// <summary>Zeroes the gradients.</summary>
    public void BeginStep()
    {
        Run.Memory.Begin();
        Progress.Issued.Begin();
        Progress.Optimizer.ZeroGradients();
    }

    /// <summary>Clips the gradient and updates the parameters.</summary>
    public void Update(int step, Tensor loss) => Progress.Optimizer.Step(
        step, loss, Progress.Scaler.Scale, Run.LearningRateFactor(step), Progress.Issued.Results, Progress.Issued.Count);

    /// <summary>Reads and records the issued steps, if this is due.</summary>
    public void Commit()
    {
        if (!Progress.Issued.IsFull && !_report.IsFlushDue && !Run.Schedule.EvaluatesAfter(Progress.Step))
        {
            return;
        }

        IReadOnlyList<StepResult> results = Progress.Issued.Read();
        double? usedMb = results.Count > 0 ? Run.Memory.Sample() : null;
        _report.Computed(results);
        foreach (StepResult result in results)
        {
            Progress.Consumed.Add(result.Step, result.Window);
            _report.Recorded(Progress, result, usedMb);
        }

        _report.Flush(Progress.Step);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        Model.Dispose();
        Progress.Dispose();
        Run.Dispose();
        _events.Dispose();
        _folder.Dispose();
    }

    private PackedGradient Gradient(bool share)
    {
        PassLimits limits = Run.Limits with { SharePrefix = share };
        TrainingPasses passes = new(Run.Schedule, Run.Train, limits, Run.Spec.LossWeighting, Run.Model.Config, Run.Device);
        _owned.Add(passes);
        Passes = passes;
        return new PackedGradient(Run, passes, Model);
    }
}
