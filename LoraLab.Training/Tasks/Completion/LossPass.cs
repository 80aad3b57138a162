using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using static TorchSharp.torch;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// A packed pass over several evaluation rows: their common beginnings are computed once, and the output head only at positions that a
/// target follows, in chunks.
/// </summary>
internal sealed class LossPass : IDisposable
{
    private readonly ScoredTokens<int> _targets;

    private LossPass(
        IndexArena arena, IReadOnlyList<int> examples, IReadOnlyList<CompletionExample> all, LlamaConfig config, bool bucketed)
    {
        PackedRows rows = PackedRows.AsTree([.. examples.Select(example => all[example].Ids[..^1])], bucketed, config.Rope.Variant);
        _targets = new(
            arena,
            rows,
            examples.SelectMany((example, s) =>
                all[example].TargetPositions.Select(t => (rows.Row(s, t - 1), all[example].Ids[t], example))),
            config.VocabularySize);
    }

    /// <summary>The example of each log-probability of the pass.</summary>
    public IReadOnlyList<int> Owners => _targets.Owners;

    /// <summary>The shape of the pass, which determines its memory.</summary>
    public PassShape Shape => _targets.Shape;

    /// <summary>Packs all examples into passes of about a number of tokens, grouped by length.</summary>
    public static IReadOnlyList<LossPass> Pack(
        IndexArena arena, IReadOnlyList<CompletionExample> examples, int tokensPerPass, LlamaConfig config, bool bucketed)
    {
        List<LossPass> passes = [];
        List<int> pending = [];
        int tokens = 0;
        foreach (int example in Enumerable.Range(0, examples.Count).OrderBy(i => examples[i].Ids.Length))
        {
            int more = examples[example].Ids.Length;
            if (pending.Count > 0 && tokens + more > tokensPerPass)
            {
                passes.Add(new(arena, pending, examples, config, bucketed));
                (pending, tokens) = ([], 0);
            }

            pending.Add(example);
            tokens += more;
        }

        passes.Add(new(arena, pending, examples, config, bucketed));
        return passes;
    }

    /// <summary>Log-probabilities of the targets in the order of <see cref="Owners"/>; the dispose scope owns them.</summary>
    public Tensor LogProbabilities(PackedLlama model, CancellationToken cancellation) => _targets.LogProbabilities(model, cancellation);

    /// <inheritdoc />
    public void Dispose() => _targets.Dispose();
}
