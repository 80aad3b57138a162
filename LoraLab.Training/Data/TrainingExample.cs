namespace LoraLab.Training.Data;

/// <summary>A training row as token ids.</summary>
/// <param name="Row">Row in the training file, from 0.</param>
/// <param name="Label">Index of the label.</param>
/// <param name="Ids">Ids of the training text, BOS first, no EOS.</param>
/// <param name="FirstTarget">
/// Index in <paramref name="Ids"/> of the first target: 1 for the full text, the length of the evaluation prompt for the completion.
/// </param>
public sealed record TrainingExample(int Row, int Label, int[] Ids, int FirstTarget);
