using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Completion.Chat;

/// <summary>Writes conversations as texts.</summary>
public static class ChatText
{
    /// <summary>The parts of a conversation. The content of an assistant's turn and what ends it are targets.</summary>
    /// <param name="format">The chat template.</param>
    /// <param name="messages">The messages, in an order that <see cref="Conversation"/> allows.</param>
    /// <exception cref="RunFailure">The format has no system message; field <c>dataset</c>.</exception>
    public static IReadOnlyList<TextPart> Parts(ChatFormat format, IReadOnlyList<ChatMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(format);
        List<TextPart> parts = [];
        string? system = null;
        bool isFirst = true;
        foreach (ChatMessage message in WithDefault(format, messages))
        {
            string content = format.Trims ? message.Content.Trim() : message.Content;
            if (message.Role == ChatRole.System && format.System is null)
            {
                system = content + (format.SystemBehind ?? throw NoSystem(format));
                continue;
            }

            ChatTurn turn = TurnOf(format, message.Role);
            bool isTarget = message.Role == ChatRole.Assistant;
            parts.Add(new(turn.Before, false));
            parts.Add(new(isFirst ? system + content : content, isTarget));
            parts.Add(turn.Marker == ChatFormat.End ? TextPart.End(isTarget) : new(turn.Marker, isTarget));
            parts.Add(new(turn.Behind, false));
            isFirst = false;
        }

        return [.. parts.Where(part => part.IsEnd || part.Text.Length > 0)];
    }

    /// <summary>The parts of what the model continues: the messages, and what announces the assistant's next.</summary>
    /// <param name="format">The chat template.</param>
    /// <param name="messages">The messages, the last one from the user.</param>
    /// <exception cref="RunFailure">The format has no system message; field <c>dataset</c>.</exception>
    public static IReadOnlyList<TextPart> Prompt(ChatFormat format, IReadOnlyList<ChatMessage> messages)
    {
        // A space in front of the answer belongs to the answer's first token.
        string before = format.Assistant.Before.TrimEnd(' ');
        IReadOnlyList<TextPart> parts = Parts(format, messages);
        return before.Length == 0 ? parts : [.. parts, new(before, false)];
    }

    /// <summary>A text of the parts, for people.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="end">Text of the end token.</param>
    public static string Of(IEnumerable<TextPart> parts, string? end) =>
        string.Concat(parts.Select(part => part.IsEnd ? end ?? "" : part.Text));

    private static IEnumerable<ChatMessage> WithDefault(ChatFormat format, IReadOnlyList<ChatMessage> messages) =>
        format.DefaultSystem is string system && messages.Count > 0 && messages[0].Role != ChatRole.System
            ? messages.Prepend(new(ChatRole.System, system))
            : messages;

    private static ChatTurn TurnOf(ChatFormat format, ChatRole role) => role switch
    {
        ChatRole.System => format.System!,
        ChatRole.User => format.User,
        _ => format.Assistant,
    };

    private static RunFailure NoSystem(ChatFormat format) => RunFailure.BadData(
        $"A conversation has a system message, which the model's own chat template ({format.Name}) refuses; put it into the user's first "
            + "message, or set chatTemplate to a name.",
        "chatTemplate");
}
