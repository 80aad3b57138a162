using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Training;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>The comparison of evaluations.</summary>
internal static class EvaluationComparison
{
    /// <summary>Compares naive evaluation with that of the engine.</summary>
    /// <exception cref="NotMeasuredException">Their scores differ.</exception>
    public static Finding Run(Bench bench, IMeasurement measurement, PreparedRun run, double limit, Target target)
    {
        double difference = NaiveEvaluation.Difference(run);
        if (!(difference <= limit))
        {
            throw new NotMeasuredException("the scores of the two evaluations differ by "
                + $"{difference.ToString("0.0e0", System.Globalization.CultureInfo.InvariantCulture)} in log-probability.");
        }

        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("naive", 1, _ => NaiveEvaluation.Run(run)),
            [bench.Side("engine", 1, _ => run.Evaluation.Run(run.Model, CancellationToken.None))]);
        IReadOnlyList<EvaluationExample> examples = ((ClassificationData)run.Data).Evaluation;
        int rows = examples.Count;
        int forwards = examples.Sum(example => example.LabelIds.All(ids => ids.Length == 1) ? 1 : example.LabelIds.Count);
        int tokens = examples.Sum(example => example.PromptIds.Length);
        string note = $"{rows} rows with {tokens} prompt tokens in total; naive: {forwards} forward passes; engine: "
            + $"{run.Evaluation.Passes.Count} passes of {run.Evaluation.Passes.Sum(pass => pass.Rows)} rows, "
            + $"head on {run.Evaluation.Passes.Sum(pass => pass.HeadRows)}; scores agree within "
            + $"{difference.ToString("0.0e0", System.Globalization.CultureInfo.InvariantCulture)}";
        return bench.Speedup(
            measurement, compared, "one forward pass per sentence, logits at every position", "engine", target: target, note: note);
    }
}
