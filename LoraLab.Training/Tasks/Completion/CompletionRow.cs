using LoraLab.Training.Tasks.Completion.Chat;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>A row of a dataset for completion.</summary>
/// <param name="Row">Row in its file, from 0.</param>
/// <param name="Texts">Values of the columns, in their order.</param>
/// <param name="Conversation">The conversation; null: the rows are no conversations.</param>
public sealed record CompletionRow(int Row, IReadOnlyList<string> Texts, Conversation? Conversation = null);
