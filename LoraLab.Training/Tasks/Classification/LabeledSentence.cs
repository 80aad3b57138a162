namespace LoraLab.Training.Tasks.Classification;

/// <summary>A row of a dataset.</summary>
/// <param name="Row">Row in its file, from 0, without the header.</param>
/// <param name="Sentence">Text as in the file, trailing spaces included.</param>
/// <param name="Label">Index of the label word in the dataset's labels.</param>
public sealed record LabeledSentence(int Row, string Sentence, int Label);
