namespace LoraLab.Training.Tasks.Completion;

/// <summary>A row as token ids, whatever its length.</summary>
/// <param name="Text">Its text.</param>
/// <param name="PromptIds">Ids of what the model continues, encoded alone; empty if the row has no prompt.</param>
/// <param name="Merges">Whether the text does not begin with these ids, because prompt and completion share a token.</param>
/// <param name="Special">A special token of the tokenizer whose text a column contains; null: none.</param>
internal sealed record EncodedRow(EncodedText Text, int[] PromptIds, bool Merges, string? Special);
