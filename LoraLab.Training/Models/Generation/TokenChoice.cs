using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Generation;

/// <summary>Chooses the next token of a text from its logits.</summary>
internal static class TokenChoice
{
    private const string Draws = "generation";
    private const double Unit = 1.0 / (1L << 53);

    /// <summary>Chooses a token for each row.</summary>
    /// <param name="logits_BV">Logits, fp32 or float64.</param>
    /// <param name="settings">Temperature, top-p and seed.</param>
    /// <param name="counters">For each row, the index of its prompt and the number of tokens generated before.</param>
    public static int[] Choose(Tensor logits_BV, GenerationSettings settings, IReadOnlyList<(int Prompt, int Position)> counters)
    {
        if (!settings.Sampled)
        {
            return [.. TensorReader.Doubles(logits_BV.argmax(1)).Select(id => (int)id)];
        }

        int vocabulary = (int)logits_BV.shape[1];
        double[] logits = TensorReader.Doubles(logits_BV);
        return [.. counters.Select((counter, row) =>
            Draw(logits.AsSpan(row * vocabulary, vocabulary), settings, Uniform(settings.Seed, counter.Prompt, counter.Position)))];
    }

    /// <summary>A number in [0, 1) that depends on nothing but its arguments.</summary>
    public static double Uniform(long seed, int prompt, int position) =>
        (StableSeed.From(seed, Draws, prompt, position) >> 10) * Unit;

    /// <summary>The token at a place, in [0, 1), of the probabilities that temperature and top-p leave.</summary>
    public static int Draw(ReadOnlySpan<double> logits, GenerationSettings settings, double place)
    {
        double largest = double.NegativeInfinity;
        foreach (double logit in logits)
        {
            largest = double.IsNaN(logit) ? double.NaN : Math.Max(largest, logit);
        }

        if (!double.IsFinite(largest))
        {
            throw new ArithmeticException("The model's logits are not finite numbers, so no token can be drawn.");
        }

        double[] weights = new double[logits.Length];
        double total = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Exp((logits[i] - largest) / settings.Temperature!.Value);
            total += weights[i];
        }

        int[] kept = settings.TopP < 1 ? Nucleus(weights, total, settings.TopP) : [.. Enumerable.Range(0, weights.Length)];
        double below = place * kept.Sum(id => weights[id]);
        foreach (int id in kept)
        {
            below -= weights[id];
            if (below < 0)
            {
                return id;
            }
        }

        return Array.FindLast(kept, id => weights[id] > 0);
    }

    /// <summary>
    /// The most probable tokens, the first of equal ones before the others, that together have a probability. Tokens less probable than
    /// (1 − p)/V have together less than 1 − p, so that they are never among them and need not be sorted.
    /// </summary>
    private static int[] Nucleus(double[] weights, double total, double topP)
    {
        double least = (1 - topP) * total / weights.Length;
        int[] candidates = [.. Enumerable.Range(0, weights.Length).Where(id => weights[id] >= least)
            .OrderByDescending(id => weights[id]).ThenBy(id => id)];
        double sum = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            sum += weights[candidates[i]];
            if (sum >= topP * total)
            {
                return candidates[..(i + 1)];
            }
        }

        return candidates;
    }
}
