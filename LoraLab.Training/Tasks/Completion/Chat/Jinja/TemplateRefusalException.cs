namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>A template refuses a conversation (<c>raise_exception</c>).</summary>
/// <param name="message">Its message.</param>
internal sealed class TemplateRefusalException(string message) : Exception(message);
