using LoraLab.Training.Data;
using static TorchSharp.torch;

namespace LoraLab.Training.Evaluation;

/// <summary>Sequences of an evaluation that share one forward pass, and where the scored tokens are in it.</summary>
/// <param name="Ids_BT">Input ids, right-padded with 0.</param>
/// <param name="Positions_N">Positions in the flattened hidden states that predict a label token.</param>
/// <param name="TokenIds_N">Those label tokens.</param>
/// <param name="Owners">For each of them, which example and label it belongs to.</param>
internal sealed record EvaluationPass(Tensor Ids_BT, Tensor Positions_N, Tensor TokenIds_N, IReadOnlyList<(int Example, int Label)> Owners) : IDisposable
{
    /// <summary>
    /// Plans the passes over all examples. Labels whose tokens but the last are the same share a sequence (labels of one token
    /// all do: the prompt alone), and sequences of like length share a pass of at most <paramref name="tokensPerPass"/> padded tokens.
    /// </summary>
    public static IReadOnlyList<EvaluationPass> Plan(IReadOnlyList<EvaluationExample> examples, int tokensPerPass, Device device)
    {
        List<Sequence> sequences = [.. examples.SelectMany(Sequences).OrderBy(sequence => sequence.Ids.Length)];
        List<EvaluationPass> passes = [];
        List<Sequence> pending = [];
        foreach (Sequence sequence in sequences)
        {
            if (pending.Count > 0 && (pending.Count + 1) * sequence.Ids.Length > tokensPerPass)
            {
                passes.Add(Create(pending, device));
                pending.Clear();
            }

            pending.Add(sequence);
        }

        passes.Add(Create(pending, device));
        return passes;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Ids_BT.Dispose();
        Positions_N.Dispose();
        TokenIds_N.Dispose();
    }

    private static IEnumerable<Sequence> Sequences(EvaluationExample example, int index) => example.LabelIds
        .Select((ids, label) => (Ids: ids, Label: label))
        .GroupBy(entry => string.Join(',', entry.Ids[..^1]))
        .Select(group => new Sequence(index, [.. example.PromptIds, .. group.First().Ids[..^1]], example.PromptIds.Length, [.. group]));

    private static EvaluationPass Create(List<Sequence> sequences, Device device)
    {
        int length = sequences.Max(sequence => sequence.Ids.Length);
        long[] ids = new long[sequences.Count * length];
        List<long> positions = [];
        List<long> tokens = [];
        List<(int Example, int Label)> owners = [];
        for (int b = 0; b < sequences.Count; b++)
        {
            Sequence sequence = sequences[b];
            for (int t = 0; t < sequence.Ids.Length; t++)
            {
                ids[(b * length) + t] = sequence.Ids[t];
            }

            foreach ((int[] labelIds, int label) in sequence.Labels)
            {
                for (int piece = 0; piece < labelIds.Length; piece++)
                {
                    positions.Add((b * length) + sequence.PromptLength - 1 + piece);
                    tokens.Add(labelIds[piece]);
                    owners.Add((sequence.Example, label));
                }
            }
        }

        return new(tensor(ids, device: device).reshape(sequences.Count, length), tensor(positions.ToArray(), device: device), tensor(tokens.ToArray(), device: device), owners);
    }

    private sealed record Sequence(int Example, int[] Ids, int PromptLength, IReadOnlyList<(int[] Ids, int Label)> Labels);
}
