using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Training;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Evaluation with many labels of two tokens against evaluation with two: the prompt is computed once for all of them.</summary>
/// <param name="model">Name of the model in the table.</param>
/// <param name="prepare">Prepares a run with the model, in a temporary folder.</param>
/// <param name="rows">Evaluation rows.</param>
internal sealed class EvaluationLabels(string model, Func<Bench, string, PreparedRun> prepare, int rows = 64) : IMeasurement
{
    private const int PromptTokens = 60;
    private const int Few = 2;
    private const int Many = 20;
    private const int LabelTokens = 2;

    /// <inheritdoc />
    public string Name => $"labels-{model}";

    /// <inheritdoc />
    public string Description => $"evaluation with {Many} labels of {LabelTokens} tokens after prompts of {PromptTokens}, {model}, fp32";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder data = bench.CreateTemporaryFolder();
        using PreparedRun run = prepare(bench, data.FullPath);
        using PackedLlama packed = new(run.Model);
        using ClassificationEvaluation few = Evaluation(bench, run.Model.Config, Few);
        using ClassificationEvaluation many = Evaluation(bench, run.Model.Config, Many);
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side($"{Few} labels", 1, _ => few.Run(packed, CancellationToken.None)),
            [bench.Side($"{Many} labels", 1, _ => many.Run(packed, CancellationToken.None))]);
        return
        [
            Finding.OfShare(
                this, ($"{Few} labels", $"{Many} labels"), compared, Target.NoMoreThan(1.6),
                $"{rows} rows; A: {Shape(few)}; B: {Shape(many)}"),
        ];
    }

    private static string Shape(ClassificationEvaluation evaluation) =>
        $"{evaluation.Passes.Count} passes of {evaluation.Passes.Sum(pass => pass.Rows)} rows, "
            + $"head on {evaluation.Passes.Sum(pass => pass.HeadRows)}";

    private ClassificationEvaluation Evaluation(Bench bench, LlamaConfig config, int labels)
    {
        Random random = new(42);
        EvaluationExample[] examples = [.. Enumerable.Range(0, rows).Select(row => new EvaluationExample(
            row, row % labels, Ids(random, config), [.. Enumerable.Range(0, labels).Select(label => new[] { 3 + label, 100 + label })]))];
        return new([.. Enumerable.Range(0, labels).Select(label => $"label {label}")], examples, LabelScore.Sum, config, bench.Device);
    }

    private static int[] Ids(Random random, LlamaConfig config) =>
        [1, .. Enumerable.Range(1, PromptTokens - 1).Select(_ => random.Next(3, config.VocabularySize))];
}
