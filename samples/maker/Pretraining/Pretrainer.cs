using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.SampleMaker.Text;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Tokenization;
using LoraLab.Training.Training.Optimization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.SampleMaker.Pretraining;

/// <summary>Next-token training of all weights on the review corpus, one epoch.</summary>
internal sealed class Pretrainer(LlamaModel model, ITokenizer tokenizer)
{
    public const int Batch = 32;
    private const double LearningRate = 4e-3;
    private const double WeightDecay = 0.05;
    private const double MaxGradNorm = 1.0;
    private const int WarmupSteps = 100;
    private const long Ignored = -100;

    /// <summary>Trains one epoch over the documents and returns the mean loss of the last tenth.</summary>
    public double Train(IEnumerable<ReviewDocument> documents, int steps)
    {
        using FusedAdamW optimizer = new(
            new FlatParameters(model.NamedWeights().Select(weight => (weight.Key, weight.Value, LearningRate))), WeightDecay, MaxGradNorm);
        using Tensor log = zeros(1, 2, float64);
        Stopwatch watch = Stopwatch.StartNew();
        double sum = 0;
        int step = 0;
        // Documents are sorted by length within a window of batches, which keeps padding small.
        foreach (int[][] batch in documents.Select(document => tokenizer.Encode(document.Text)).Chunk(Batch * 8)
            .SelectMany(window => window.OrderBy(ids => ids.Length).Chunk(Batch)))
        {
            step++;
            using IDisposable scope = NewDisposeScope();
            optimizer.ZeroGradients();
            Tensor loss = Loss(batch);
            loss.backward();
            double value = loss.item<float>();
            optimizer.Step(
                step,
                loss.detach().to(float64).reshape(1),
                1,
                LearningRateSchedules.Factor(LearningRateSchedule.Cosine, step, WarmupSteps, steps),
                log,
                0);
            sum += step > steps * 9 / 10 ? value : 0;
            if (step % 100 == 0)
            {
                Console.WriteLine($"  step {step} of {steps}, loss {value:F3}, {watch.Elapsed.TotalSeconds:F0} s");
            }
        }

        return sum / (step - (steps * 9 / 10));
    }

    private Tensor Loss(int[][] batch)
    {
        int length = batch.Max(ids => ids.Length) - 1;
        long[] inputs = new long[batch.Length * length];
        long[] targets = new long[inputs.Length];
        Array.Fill(targets, Ignored);
        for (int row = 0; row < batch.Length; row++)
        {
            for (int index = 0; index + 1 < batch[row].Length; index++)
            {
                inputs[(row * length) + index] = batch[row][index];
                targets[(row * length) + index] = batch[row][index + 1];
            }
        }

        Tensor hidden_BTD = model.Hidden(tensor(inputs, batch.Length, length), ForwardPass.Plain);
        Tensor logits_NV = model.Logits(hidden_BTD.view(-1, model.Config.HiddenSize));
        return functional.cross_entropy(logits_NV, tensor(targets), ignore_index: Ignored);
    }
}
