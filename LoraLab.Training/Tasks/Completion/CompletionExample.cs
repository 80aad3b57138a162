using LoraLab.Training.Data;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>An evaluation row as token ids.</summary>
/// <param name="Row">Row in its file, from 0.</param>
/// <param name="Ids">Ids of its text.</param>
/// <param name="Targets">Target ranges, as in <see cref="TrainingExample"/>.</param>
/// <param name="PromptIds">Ids of what the model continues, encoded alone; empty if the row has no prompt.</param>
/// <param name="Prompt">What the model continues; null: the row has no prompt.</param>
/// <param name="Reference">The text that it should write; null: the row has no prompt.</param>
public sealed record CompletionExample(
    int Row, int[] Ids, IReadOnlyList<TargetRange> Targets, int[] PromptIds, string? Prompt, string? Reference)
{
    /// <summary>Positions of the targets, ascending.</summary>
    public IEnumerable<int> TargetPositions => Targets.SelectMany(range => Enumerable.Range(range.Start, range.Count));

    /// <summary>Number of targets.</summary>
    public int TargetCount => Targets.Sum(range => range.Count);
}
