using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using static TorchSharp.torch;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// A packed pass over several evaluation rows. The labels of a row branch from its prompt, and the common prefix of the prompts is
/// computed once; the output head is computed only at positions that a label token follows.
/// </summary>
internal sealed class EvaluationPass : IDisposable
{
    private readonly ScoredTokens<(int Example, int Label)> _tokens;

    private EvaluationPass(
        IndexArena arena, IReadOnlyList<int> examples, IReadOnlyList<EvaluationExample> all, LlamaConfig config, bool bucketed)
    {
        List<LabelBranch> branches =
            [.. examples.SelectMany(example => LabelBranch.Of(example, all[example])).OrderBy(branch => branch.Ids.Length)];
        PackedRows rows = PackedRows.AsTree([.. branches.Select(branch => branch.Ids)], bucketed, config.Rope.Variant);
        _tokens = new(
            arena,
            rows,
            branches.SelectMany((branch, s) => branch.Labels.SelectMany(label => label.Ids.Select((id, piece) =>
                (rows.Row(s, branch.PromptLength - 1 + piece), id, (branch.Example, label.Label))))),
            config.VocabularySize);
    }

    /// <summary>The example and label of each score of the pass.</summary>
    public IReadOnlyList<(int Example, int Label)> Owners => _tokens.Owners;

    /// <summary>The shape of the pass, which determines its memory.</summary>
    public PassShape Shape => _tokens.Shape;

    /// <summary>Packs all examples into passes of about <paramref name="tokensPerPass"/> tokens, grouped by length.</summary>
    /// <param name="arena">Receives the indices.</param>
    /// <param name="examples">The evaluation rows.</param>
    /// <param name="tokensPerPass">Tokens of a pass; those of one example are never divided.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="bucketed">Whether attention pads within length buckets.</param>
    /// <param name="padded">
    /// Whether attention pads sequences, in which the prompt then takes memory once per branch; else it takes it once.
    /// </param>
    public static IReadOnlyList<EvaluationPass> Pack(
        IndexArena arena, IReadOnlyList<EvaluationExample> examples, int tokensPerPass, LlamaConfig config, bool bucketed, bool padded)
    {
        List<EvaluationPass> passes = [];
        List<int> pending = [];
        int tokens = 0;
        foreach (int example in Enumerable.Range(0, examples.Count).OrderBy(i => examples[i].PromptIds.Length))
        {
            int more = Tokens(LabelBranch.Of(example, examples[example]), padded);
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

    // Attention on packed rows is not for every precision; in the others, an eighth of the padding counts.
    private static int Tokens(IEnumerable<LabelBranch> branches, bool padded)
    {
        const int Share = 8;
        int rows = 0, cells = 0;
        foreach (LabelBranch branch in branches)
        {
            rows += rows == 0 ? branch.Ids.Length : branch.Ids.Length - branch.PromptLength;
            cells += branch.Ids.Length;
        }

        return padded ? cells : Math.Max(rows, cells / Share);
    }

    /// <summary>
    /// Computes the log-probabilities of the label tokens in the order of <see cref="Owners"/>; the dispose scope owns them.
    /// </summary>
    public Tensor Scores(PackedLlama model, CancellationToken cancellation) => _tokens.LogProbabilities(model, cancellation);

    /// <inheritdoc />
    public void Dispose() => _tokens.Dispose();
}
