using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Training;

/// <summary>Collects the results of a run while it trains, so that a run that ends early has results too.</summary>
public sealed class SummaryBuilder
{
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
    };

    /// <summary>Adds the loss of a training step.</summary>
    public void TrainLoss(int step, double loss) =>
        _summary = _summary with { TrainLoss = MetricSummary.After(_summary.TrainLoss, MetricKeys.TrainLoss, step, loss) };

    /// <summary>Adds the results of an evaluation.</summary>
    public void Evaluation(int step, EvaluationOutcome outcome) => _summary = _summary with
    {
        Accuracy = MetricSummary.After(_summary.Accuracy, MetricKeys.EvalAccuracy, step, outcome.Metrics[MetricKeys.EvalAccuracy]),
        MacroF1 = MetricSummary.After(_summary.MacroF1, MetricKeys.EvalMacroF1, step, outcome.Metrics[MetricKeys.EvalMacroF1]),
        EvalLoss = MetricSummary.After(_summary.EvalLoss, MetricKeys.EvalLoss, step, outcome.Loss),
        Correct = outcome.Correct,
        EvalRows = outcome.Rows,
        MajorityBaseline = outcome.MajorityBaseline,
    };
}
