namespace LoraLab.Training.Tasks.Classification;

/// <summary>An evaluation row as token ids.</summary>
/// <param name="Row">Row in its file, from 0.</param>
/// <param name="Label">Index of the true label.</param>
/// <param name="PromptIds">Ids of the evaluation prompt, BOS first.</param>
/// <param name="LabelIds">For each label, the ids that a space and the label word add to the prompt; at least one each.</param>
public sealed record EvaluationExample(int Row, int Label, int[] PromptIds, IReadOnlyList<int[]> LabelIds);
