using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Scores the labels of every evaluation row. The score of a label is the sum of the log-probabilities (over the whole vocabulary) of the
/// tokens that it adds to the evaluation prompt. The label with the highest score, or with the highest mean over its tokens, is predicted;
/// ties go to the first label.
/// </summary>
public sealed class ClassificationEvaluation : TaskEvaluation
{
    // Activation values of a block per pass: small enough for an 8 GB GPU, large enough to saturate the cores.
    private const int ValuesPerPass = 64 << 20;
    private const int MaxTokensPerPass = 4096;
    private readonly IReadOnlyList<string> _labels;
    private readonly IReadOnlyList<EvaluationExample> _examples;
    private readonly LabelScore _score;
    private readonly IndexArena _arena = new();
    private readonly IReadOnlyList<EvaluationPass> _passes;

    /// <summary>Creates the evaluation of at least one encoded row and uploads all indices to the device.</summary>
    /// <param name="labels">Label words in label order.</param>
    /// <param name="examples">The rows.</param>
    /// <param name="score">Score by which a label is predicted.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="device">Device of the evaluations.</param>
    public ClassificationEvaluation(
        IReadOnlyList<string> labels, IReadOnlyList<EvaluationExample> examples, LabelScore score, LlamaConfig config, Device device)
    {
        (_labels, _examples, _score) = (labels, examples, score);
        bool cpu = Kernels.For(device) == KernelSet.Cpu;
        _passes = EvaluationPass.Pack(
            _arena,
            examples,
            TokensPerPass(config),
            config,
            bucketed: cpu,
            padded: !RowAttention.Supports(config.Block, cpu, half: false));
        _arena.Upload(device);
    }

    /// <summary>Whether the F1 score of the second label is a metric of its own.</summary>
    public bool HasPositiveLabel { get; init; }

    /// <inheritdoc />
    public override IReadOnlyList<PassShape> Passes => [.. _passes.Select(pass => pass.Shape)];

    /// <inheritdoc />
    public override long IndexBytes => _arena.Bytes;

    /// <summary>Tokens of an evaluation pass of a model, about.</summary>
    public static int TokensPerPass(LlamaConfig config) => Math.Clamp(ValuesPerPass / config.ActivationsPerToken, 1, MaxTokensPerPass);

    /// <inheritdoc />
    public override EvaluationOutcome Run(PackedLlama model, CancellationToken cancellation, Action? onProgress = null) =>
        Outcome(Predict(model, cancellation, onProgress));

    /// <summary>Scores every row with the current model.</summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="cancellation">Cancels between two blocks.</param>
    /// <param name="onProgress">Called after each pass.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public IReadOnlyList<ScoredRow> Predict(PackedLlama model, CancellationToken cancellation, Action? onProgress = null)
    {
        using IDisposable inference = inference_mode();
        double[,] scores = new double[_examples.Count, _labels.Count];
        foreach (EvaluationPass pass in _passes)
        {
            using IDisposable scope = NewDisposeScope();
            float[] pieces = TensorReader.Floats(pass.Scores(model, cancellation));
            for (int i = 0; i < pieces.Length; i++)
            {
                (int example, int label) = pass.Owners[i];
                scores[example, label] += pieces[i];
            }

            onProgress?.Invoke();
        }

        return [.. _examples.Select((example, i) =>
            Predict(example, [.. Enumerable.Range(0, _labels.Count).Select(label => scores[i, label])]))];
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        foreach (EvaluationPass pass in _passes)
        {
            pass.Dispose();
        }

        _arena.Dispose();
    }

    private ScoredRow Predict(EvaluationExample example, double[] scores)
    {
        int predicted = 0;
        for (int label = 1; label < scores.Length; label++)
        {
            predicted = Compared(label) > Compared(predicted) ? label : predicted;
        }

        double Compared(int label) => _score == LabelScore.Sum ? scores[label] : scores[label] / example.LabelIds[label].Length;

        return new(example.Row, example.Label, predicted, scores);
    }

    private EvaluationOutcome Outcome(IReadOnlyList<ScoredRow> predictions)
    {
        ClassificationMetrics metrics = ClassificationMetrics.Of(predictions.Select(p => (p.Label, p.Predicted)), _labels.Count);
        double lossSum = 0;
        foreach (ScoredRow prediction in predictions)
        {
            lossSum -= prediction.Scores[prediction.Label];
        }

        Dictionary<string, double> values = ClassificationMetrics.Measures
            .Where(measure => HasPositiveLabel || measure.Key != MetricKeys.EvalF1)
            .ToDictionary(measure => measure.Key, measure => measure.Value(metrics));
        values[MetricKeys.EvalLoss] = lossSum / predictions.Count;

        return new()
        {
            Metrics = values,
            Rows = metrics.Rows,
            Correct = metrics.Correct,
            MajorityBaseline = metrics.MajorityBaseline,
            Details = Details(metrics),
            Predictions = new(
                [.. TaskDescriptors.Classification.PredictionColumns, .. _labels],
                predictions.Select<ScoredRow, IReadOnlyList<string>>(p =>
                [
                    Whole(p.Row),
                    Whole(p.Label),
                    Whole(p.Predicted),
                    .. p.Scores.Select(score => score.ToString("R", CultureInfo.InvariantCulture)),
                ])),
        };
    }

    private JsonObject Details(ClassificationMetrics metrics) => new()
    {
        ["labelScore"] = JsonSerializer.SerializeToNode(_score, ContractJson.Options),
        ["majorityBaseline"] = metrics.MajorityBaseline,
        ["labels"] = new JsonArray([.. metrics.Labels.Select((label, i) => new JsonObject
        {
            ["label"] = _labels[i],
            ["rows"] = label.Rows,
            ["predicted"] = label.Predicted,
            ["precision"] = label.Precision,
            ["recall"] = label.Recall,
            ["f1"] = label.F1,
        })]),
        ["confusion"] = new JsonArray(
            [.. metrics.Confusion.Select(row => new JsonArray([.. row.Select(count => JsonValue.Create(count))]))]),
    };

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
