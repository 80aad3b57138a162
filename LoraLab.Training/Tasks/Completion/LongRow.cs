using LoraLab.Training.Tasks.Completion.Chat;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>Rows that are too long for every model (<see cref="LongText"/>), which are shortened before they are encoded.</summary>
internal static class LongRow
{
    /// <summary>Whether a row is one.</summary>
    public static bool IsOne(CompletionRow row) => Characters(row) > LongText.MaxCharacters;

    /// <summary>Characters of a row's texts.</summary>
    public static int Characters(CompletionRow row) => row.Conversation?.Messages.Sum(message => message.Content.Length)
        ?? row.Texts.Sum(text => text.Length);

    /// <summary>
    /// Cuts off the end of what the model learns to write; of a conversation, the messages after it too. Null: the rest of the row is too
    /// long already.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="columns">Its columns.</param>
    public static CompletionRow? Shorten(CompletionRow row, CompletionColumns columns)
    {
        if (row.Conversation is not null)
        {
            return Shorten(row.Conversation) is not Conversation shortened ? null
                : row with { Conversation = shortened, Texts = [shortened.ToJson()] };
        }

        int place = columns.Names.ToList().IndexOf(columns.Completion);
        int left = LongText.MaxCharacters - Characters(row) + row.Texts[place].Length;
        string text = LongText.Beginning(row.Texts[place], Math.Max(0, left));
        return string.IsNullOrWhiteSpace(text) ? null : row with { Texts = [.. row.Texts.Select((old, i) => i == place ? text : old)] };
    }

    private static Conversation? Shorten(Conversation conversation)
    {
        List<ChatMessage> messages = [];
        int left = LongText.MaxCharacters;
        foreach (ChatMessage message in conversation.Messages)
        {
            string content = LongText.Beginning(message.Content, left);
            if (content.Length < message.Content.Length && (message.Role != ChatRole.Assistant || string.IsNullOrWhiteSpace(content)))
            {
                break;
            }

            messages.Add(message with { Content = content });
            left -= content.Length;
            if (content.Length < message.Content.Length)
            {
                break;
            }
        }

        int end = messages.FindLastIndex(message => message.Role == ChatRole.Assistant) + 1;
        return end == 0 ? null : new(messages[..end]);
    }
}
