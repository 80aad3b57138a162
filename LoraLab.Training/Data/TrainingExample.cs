namespace LoraLab.Training.Data;

/// <summary>A training row as token ids.</summary>
/// <param name="Row">Row in the training file, from 0.</param>
/// <param name="Ids">Ids of the training text, BOS first.</param>
/// <param name="FirstTarget">
/// Index in <paramref name="Ids"/> of the first target: 1 for the full text, the length of the prompt for what follows it.
/// </param>
public sealed record TrainingExample(int Row, int[] Ids, int FirstTarget);
