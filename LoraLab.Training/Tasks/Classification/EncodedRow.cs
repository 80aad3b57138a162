namespace LoraLab.Training.Tasks.Classification;

/// <summary>A row as token ids.</summary>
/// <typeparam name="T">Type of the example.</typeparam>
/// <param name="Row">The row whose text was encoded: the original, or a shortened one.</param>
/// <param name="Example">Its token ids.</param>
/// <param name="Tokens">Tokens of the longest sequence that the model sees of it.</param>
internal sealed record EncodedRow<T>(LabeledRow Row, T Example, int Tokens);
