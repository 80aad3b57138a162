using LoraLab.Contracts.Metrics;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Evaluation;

/// <summary>
/// Scores the labels of every evaluation row. The score of a label is the sum of the log-probabilities (over the whole vocabulary) of the
/// tokens that it adds to the evaluation prompt. The label with the highest score is predicted; ties go to the first label.
/// </summary>
public sealed class Evaluator : IDisposable
{
    // Activation values of a block per pass: small enough for an 8 GB GPU, large enough to saturate the cores.
    private const int ValuesPerPass = 64 << 20;
    private const int MaxTokensPerPass = 4096;
    private readonly IReadOnlyList<EvaluationExample> _examples;
    private readonly IndexArena _arena = new();
    private readonly IReadOnlyList<EvaluationPass> _passes;
    private readonly int _labels;

    /// <summary>Creates an evaluator over at least one encoded row and uploads all indices to the device.</summary>
    public Evaluator(IReadOnlyList<EvaluationExample> examples, LlamaConfig config, Device device)
    {
        _examples = examples;
        _labels = examples[0].LabelIds.Count;
        _passes = EvaluationPass.Pack(
            _arena,
            examples,
            Math.Clamp(ValuesPerPass / config.ActivationsPerToken, 1, MaxTokensPerPass),
            config.VocabularySize,
            bucketed: device.type == DeviceType.CPU);
        _arena.Upload(device);
    }

    /// <summary>Shapes of its passes, which determine their memory.</summary>
    public IReadOnlyList<PassShape> Passes => [.. _passes.Select(pass => pass.Shape)];

    /// <summary>Bytes of all indices.</summary>
    public long IndexBytes => _arena.Bytes;

    /// <summary>Scores every row with the current model.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="cancellation">Cancels between two blocks.</param>
    /// <param name="onProgress">Called after each pass.</param>
    public EvaluationOutcome Run(PackedLlama model, CancellationToken cancellation, Action? onProgress = null)
    {
        using IDisposable inference = inference_mode();
        double[,] scores = new double[_examples.Count, _labels];
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

        return Outcome(scores);
    }

    /// <summary>Scores every row with a model and its adapters.</summary>
    public EvaluationOutcome Run(LlamaModel model, CancellationToken cancellation)
    {
        using PackedLlama packed = new(model);
        return Run(packed, cancellation);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (EvaluationPass pass in _passes)
        {
            pass.Dispose();
        }

        _arena.Dispose();
    }

    private EvaluationOutcome Outcome(double[,] scores)
    {
        List<Prediction> predictions = new(_examples.Count);
        double lossSum = 0;
        for (int i = 0; i < _examples.Count; i++)
        {
            double[] row = [.. Enumerable.Range(0, _labels).Select(label => scores[i, label])];
            int predicted = 0;
            for (int label = 1; label < _labels; label++)
            {
                predicted = row[label] > row[predicted] ? label : predicted;
            }

            lossSum -= row[_examples[i].Label];
            predictions.Add(new(_examples[i].Row, _examples[i].Label, predicted, row));
        }

        ClassificationMetrics metrics = ClassificationMetrics.Of([.. predictions.Select(p => (p.Label, p.Predicted))], _labels);
        return new(metrics, lossSum / _examples.Count, predictions);
    }
}

/// <summary>Result of one evaluation.</summary>
/// <param name="Metrics">Accuracy and macro-F1.</param>
/// <param name="Loss">Mean negative score of the true labels.</param>
/// <param name="Predictions">Scores and prediction of every row, in evaluation order.</param>
public sealed record EvaluationOutcome(ClassificationMetrics Metrics, double Loss, IReadOnlyList<Prediction> Predictions);
