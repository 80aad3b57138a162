using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Gradients;

/// <summary>
/// A micro-batch of a window, right-padded for one forward pass. Each target token carries its weight in the window's loss, so that
/// the losses of all passes sum to the window's loss however it is split.
/// </summary>
public sealed class WindowPass : IDisposable
{
    private WindowPass(
        Tensor ids_BT, Tensor targetPositions_N, Tensor targetIds_N, Tensor weights_N, IReadOnlyList<TrainingExample> examples)
    {
        Ids_BT = ids_BT;
        TargetPositions_N = targetPositions_N;
        TargetIds_N = targetIds_N;
        Weights_N = weights_N;
        Examples = examples;
    }

    /// <summary>Input ids, right-padded with 0; the last token of a sentence is only a target and is omitted.</summary>
    public Tensor Ids_BT { get; }

    /// <summary>Positions in the flattened hidden states that predict a target.</summary>
    public Tensor TargetPositions_N { get; }

    /// <summary>The target ids at these positions.</summary>
    public Tensor TargetIds_N { get; }

    /// <summary>Weight of each target in the window's loss, fp32.</summary>
    public Tensor Weights_N { get; }

    /// <summary>The sentences of the pass in the order of its rows.</summary>
    public IReadOnlyList<TrainingExample> Examples { get; }

    /// <summary>Tokens of each whole sentence, the last one included.</summary>
    public IReadOnlyList<int> TextLengths => [.. Examples.Select(example => example.Ids.Length)];

    /// <summary>
    /// Splits a window into passes of at most <paramref name="sentencesPerPass"/> sentences of similar length: the window's gradient is a
    /// sum, so the order of its sentences does not matter.
    /// </summary>
    public static IEnumerable<WindowPass> Split(
        IReadOnlyList<TrainingExample> window, int sentencesPerPass, LossWeighting weighting, Device device)
    {
        int windowTargets = window.Sum(example => example.TargetCount);
        return window.OrderBy(example => example.Ids.Length).Chunk(sentencesPerPass).Select(examples => Create(examples, Weight, device));

        double Weight(TrainingExample example) =>
            weighting == LossWeighting.PerToken ? 1.0 / windowTargets : 1.0 / ((double)window.Count * example.TargetCount);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Ids_BT.Dispose();
        TargetPositions_N.Dispose();
        TargetIds_N.Dispose();
        Weights_N.Dispose();
    }

    private static WindowPass Create(TrainingExample[] examples, Func<TrainingExample, double> weight, Device device)
    {
        int length = examples.Max(example => example.Ids.Length) - 1;
        int targets = examples.Sum(example => example.TargetCount);
        long[] ids = new long[examples.Length * length];
        long[] positions = new long[targets];
        long[] targetIds = new long[targets];
        float[] weights = new float[targets];
        int n = 0;
        for (int b = 0; b < examples.Length; b++)
        {
            int[] text = examples[b].Ids;
            float share = (float)weight(examples[b]);
            for (int t = 0; t < text.Length - 1; t++)
            {
                ids[(b * length) + t] = text[t];
            }

            foreach (int t in examples[b].TargetPositions)
            {
                (positions[n], targetIds[n], weights[n]) = ((b * length) + t - 1, text[t], share);
                n++;
            }
        }

        return new(
            tensor(ids, device: device).reshape(examples.Length, length),
            tensor(positions, device: device),
            tensor(targetIds, device: device),
            tensor(weights, device: device),
            examples);
    }
}
