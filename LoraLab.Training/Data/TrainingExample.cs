namespace LoraLab.Training.Data;

/// <summary>A training row as token ids.</summary>
/// <param name="Row">Row in the training file, from 0.</param>
/// <param name="Ids">Ids of the training text, BOS first.</param>
/// <param name="Targets">
/// Positions in <paramref name="Ids"/> of the tokens that the loss is on: ranges in ascending order that neither overlap nor are empty, at
/// least one.
/// </param>
public sealed record TrainingExample(int Row, int[] Ids, IReadOnlyList<TargetRange> Targets)
{
    /// <summary>Number of targets.</summary>
    public int TargetCount => Targets.Sum(range => range.Count);

    /// <summary>Positions of the targets, ascending.</summary>
    public IEnumerable<int> TargetPositions => Targets.SelectMany(range => Enumerable.Range(range.Start, range.Count));

    /// <summary>A row whose targets are all tokens from one on.</summary>
    /// <param name="row">Row in the training file, from 0.</param>
    /// <param name="ids">Ids of the training text.</param>
    /// <param name="firstTarget">Position of the first target: 1 for the full text, the length of the prompt for what follows it.</param>
    public static TrainingExample From(int row, int[] ids, int firstTarget) => new(row, ids, [new TargetRange(firstTarget, ids.Length)]);
}
