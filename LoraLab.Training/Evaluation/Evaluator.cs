using LoraLab.Contracts.Metrics;
using LoraLab.Training.Data;
using LoraLab.Training.Model;
using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Evaluation;

/// <summary>
/// Scores the labels of every evaluation row: the score of a label is the sum of the log-probabilities, over the whole
/// vocabulary, of the tokens that it adds after the evaluation prompt. The higher score is predicted, ties go to the first label.
/// </summary>
public sealed class Evaluator : IDisposable
{
    // Passes of about so many activation values of a block: small enough for an 8 GB card, large enough to fill the cores.
    private const int ValuesPerPass = 64 << 20;
    private const int MostTokensPerPass = 4096;
    private readonly IReadOnlyList<EvaluationExample> _examples;
    private readonly IReadOnlyList<EvaluationPass> _passes;
    private readonly int _labels;

    /// <summary>An evaluator over encoded rows; at least one. Indices go to the device once.</summary>
    public Evaluator(IReadOnlyList<EvaluationExample> examples, LlamaConfig config, Device device)
    {
        _examples = examples;
        _labels = examples[0].LabelIds.Count;
        _passes = EvaluationPass.Plan(examples, Math.Min(MostTokensPerPass, ValuesPerPass / config.ActivationsPerToken), device);
    }

    /// <summary>Scores every row with the model as it is.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two layers.</exception>
    public EvaluationOutcome Run(LlamaModel model, CancellationToken cancellation)
    {
        using IDisposable noGrad = no_grad();
        double[,] scores = new double[_examples.Count, _labels];
        ForwardPass forward = new(cancellation);
        foreach (EvaluationPass pass in _passes)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor hidden_BTD = model.Hidden(pass.Ids_BT, forward);
            Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.Positions_N);
            Tensor logProbabilities_NV = functional.log_softmax(model.Logits(hidden_ND), dim: -1);
            float[] pieces = TensorReader.Floats(logProbabilities_NV.gather(1, pass.TokenIds_N.unsqueeze(1)).squeeze(1));
            for (int i = 0; i < pieces.Length; i++)
            {
                scores[pass.Owners[i].Example, pass.Owners[i].Label] += pieces[i];
            }
        }

        return Outcome(scores);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (EvaluationPass pass in _passes)
        {
            pass.Dispose();
        }
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
/// <param name="Loss">Mean of minus the true label's score.</param>
/// <param name="Predictions">Scores and prediction of every row, in the evaluation's order.</param>
public sealed record EvaluationOutcome(ClassificationMetrics Metrics, double Loss, IReadOnlyList<Prediction> Predictions);
