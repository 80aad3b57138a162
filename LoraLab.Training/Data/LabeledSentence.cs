namespace LoraLab.Training.Data;

/// <summary>One row of a data set.</summary>
/// <param name="Row">Row in its file, from 0; the header does not count.</param>
/// <param name="Sentence">Text as it stands in the file, trailing space included.</param>
/// <param name="Label">Index into the data set's label words.</param>
public sealed record LabeledSentence(int Row, string Sentence, int Label);
