using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Evaluation;

namespace LoraLab.Training.Engine;

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
        _summary = _summary with { TrainLoss = Next(_summary.TrainLoss, step, loss, MetricKeys.TrainLoss) };

    /// <summary>An evaluation.</summary>
    public void Evaluation(int step, EvaluationOutcome outcome) => _summary = _summary with
    {
        Accuracy = Next(_summary.Accuracy, step, outcome.Metrics.Accuracy, MetricKeys.EvalAccuracy),
        MacroF1 = Next(_summary.MacroF1, step, outcome.Metrics.MacroF1, MetricKeys.EvalMacroF1),
        EvalLoss = Next(_summary.EvalLoss, step, outcome.Loss, MetricKeys.EvalLoss),
        Correct = outcome.Metrics.Correct,
        EvalRows = outcome.Metrics.Rows,
        MajorityBaseline = outcome.Metrics.MajorityBaseline,
    };

    private static MetricSummary Next(MetricSummary? before, int step, double value, string key)
    {
        if (!double.IsFinite(value))
        {
            return (before ?? new()) with { Last = null };
        }

        bool better = before?.Best is not double best || (MetricKeys.LowerIsBetter(key) ? value < best : value > best);
        return new() { Last = value, Best = better ? value : before!.Best, BestStep = better ? step : before!.BestStep };
    }
}
