namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// A sequence of an evaluation row: its prompt and the tokens that some of its labels begin with. Labels that differ only in their last
/// token share a branch; for labels of one token, it is the prompt alone.
/// </summary>
/// <param name="Example">The evaluation row.</param>
/// <param name="Ids">Prompt and tokens; of the last token of a label, only the prediction matters.</param>
/// <param name="PromptLength">Tokens of the prompt.</param>
/// <param name="Labels">The labels whose scores are read from it, with all their tokens.</param>
internal sealed record LabelBranch(int Example, int[] Ids, int PromptLength, IReadOnlyList<(int[] Ids, int Label)> Labels)
{
    /// <summary>Returns the branches of an evaluation row.</summary>
    public static IEnumerable<LabelBranch> Of(int index, EvaluationExample example) => example.LabelIds
        .Select((ids, label) => (Ids: ids, Label: label))
        .GroupBy(entry => string.Join(',', entry.Ids[..^1]))
        .Select(group => new LabelBranch(
            index, [.. example.PromptIds, .. group.First().Ids[..^1]], example.PromptIds.Length, [.. group]));
}
