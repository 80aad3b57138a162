using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training.Evaluation;

namespace LoraLab.Training.Training;

/// <summary>Gathers a run's results while it goes, so that a run that ends early still has the ones it reached.</summary>
public sealed class SummaryBuilder
{
    private RunSummary _summary = new();

    /// <summary>The results so far.</summary>
    public RunSummary Summary => _summary;

    /// <summary>Facts that do not come from a step.</summary>
    public void Set(Func<RunSummary, RunSummary> change) => _summary = change(_summary);

    /// <summary>A training step's loss.</summary>
    public void TrainLoss(int step, double loss) =>
        _summary = _summary with { TrainLoss = MetricSummary.After(_summary.TrainLoss, MetricKeys.TrainLoss, step, loss) };

    /// <summary>An evaluation.</summary>
    public void Evaluation(int step, EvaluationOutcome outcome) => _summary = _summary with
    {
        Accuracy = MetricSummary.After(_summary.Accuracy, MetricKeys.EvalAccuracy, step, outcome.Metrics.Accuracy),
        MacroF1 = MetricSummary.After(_summary.MacroF1, MetricKeys.EvalMacroF1, step, outcome.Metrics.MacroF1),
        EvalLoss = MetricSummary.After(_summary.EvalLoss, MetricKeys.EvalLoss, step, outcome.Loss),
        Correct = outcome.Metrics.Correct,
        EvalRows = outcome.Metrics.Rows,
        MajorityBaseline = outcome.Metrics.MajorityBaseline,
    };
}
