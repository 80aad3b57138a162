using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>The text of a row as token ids.</summary>
/// <param name="Ids">Ids.</param>
/// <param name="Answers">Ranges of the tokens that the model learns to write, as in <see cref="TrainingExample"/>; empty: there are
/// none.</param>
internal sealed record EncodedText(int[] Ids, IReadOnlyList<TargetRange> Answers)
{
    /// <summary>The targets: every token after the first, or the answers.</summary>
    public IReadOnlyList<TargetRange> Targets(LossScope scope) => scope == LossScope.Full ? [new TargetRange(1, Ids.Length)] : Answers;

    /// <summary>The beginning of the text with at most a number of tokens.</summary>
    public EncodedText First(int tokens) => Ids.Length <= tokens ? this : new(
        Ids[..tokens],
        [.. Answers.Where(range => range.Start < tokens).Select(range => range with { End = Math.Min(range.End, tokens) })]);
}
