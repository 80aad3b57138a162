using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Training;

/// <summary>Collects the results of a run while it trains, so that a run that ends early has results too.</summary>
public sealed class SummaryBuilder
{
    private static readonly MetricDescriptor _trainLoss = MetricCatalog.Default.Of(MetricKeys.TrainLoss);

    private RunSummary _summary = new();

    /// <summary>The results so far.</summary>
    public RunSummary Summary => _summary;

    /// <summary>Changes results that do not belong to a step.</summary>
    public void Set(Func<RunSummary, RunSummary> change) => _summary = change(_summary);

    /// <summary>Takes over the results of an earlier attempt and adds what loading found out.</summary>
    public void Resume(RunSummary? earlier, PreparedRun run) => _summary = (earlier ?? _summary) with
    {
        TrainableParameters = run.TrainableParameters,
        TotalParameters = run.TotalParameters,
        LoadSeconds = run.LoadSeconds,
        PreparingSeconds = run.PreparingSeconds ?? earlier?.PreparingSeconds,
    };

    /// <summary>Adds the loss of a training step.</summary>
    public void TrainLoss(int step, double loss) => _summary = _summary.After(_trainLoss, step, loss);

    /// <summary>Adds the results of an evaluation.</summary>
    public void Evaluation(Evaluated evaluated) => _summary = evaluated.AddTo(_summary);
}
