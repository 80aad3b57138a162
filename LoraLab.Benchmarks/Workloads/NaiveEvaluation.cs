using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// Evaluation as it is usually written: one sentence per forward pass, logits of the whole vocabulary at every position. If all labels are
/// single tokens, a row needs one forward pass; otherwise it needs one per label.
/// </summary>
internal static class NaiveEvaluation
{
    /// <summary>Scores by row and label.</summary>
    public static double[,] Run(PreparedRun run)
    {
        using IDisposable inference = inference_mode();
        ClassificationData data = (ClassificationData)run.Data;
        double[,] scores = new double[data.Evaluation.Count, data.Labels.Count];
        for (int row = 0; row < data.Evaluation.Count; row++)
        {
            EvaluationExample example = data.Evaluation[row];
            bool single = example.LabelIds.All(ids => ids.Length == 1);
            float[][] logs = [.. (single ? example.LabelIds.Take(1) : example.LabelIds)
                .Select(ids => LogProbabilities(run, [.. example.PromptIds, .. ids[..^1]], example.PromptIds.Length))];
            int vocabulary = run.Model.Config.VocabularySize;
            for (int label = 0; label < data.Labels.Count; label++)
            {
                float[] log = logs[single ? 0 : label];
                scores[row, label] = example.LabelIds[label].Select((id, piece) => (double)log[(piece * vocabulary) + id]).Sum();
            }
        }

        return scores;
    }

    /// <summary>Largest absolute difference from the scores of the engine, in log-probability.</summary>
    public static double Difference(PreparedRun run)
    {
        double[,] naive = Run(run);
        using PackedLlama model = new(run.Model);
        return ((ClassificationEvaluation)run.Evaluation).Predict(model, CancellationToken.None)
            .SelectMany((prediction, row) => prediction.Scores.Select((score, label) => Math.Abs(score - naive[row, label])))
            .Max();
    }

    // At the positions that predict the tokens of a label; the logits are computed at all positions.
    private static float[] LogProbabilities(PreparedRun run, int[] ids, int promptLength)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor hidden_BTD = run.Model.Hidden(
            tensor(ids.Select(id => (long)id).ToArray(), device: run.Device).unsqueeze(0), ForwardPass.Plain);
        Tensor logits_TV = run.Model.Logits(hidden_BTD.reshape(-1, hidden_BTD.shape[2]));
        return TensorReader.Floats(functional.log_softmax(logits_TV.narrow(0, promptLength - 1, ids.Length - promptLength + 1), 1));
    }
}
