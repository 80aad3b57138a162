using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Completion.Chat;

/// <summary>The messages of a row: at most one of the system, first, then user and assistant in turns, the assistant last.</summary>
/// <param name="Messages">The messages.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    private const string RoleKey = "role", ContentKey = "content";
    private const string Objects = "each message is an object with 'role' and 'content', both texts";
    private const string Order = "after an optional system message, user and assistant must alternate, and the assistant's is the last";

    private static readonly string[] _calls = ["tool_calls", "function_call"];

    /// <summary>Reads the JSON array of a row: objects with <c>role</c> and <c>content</c>.</summary>
    /// <param name="json">The array.</param>
    /// <param name="problem">What is wrong with it; null: nothing.</param>
    /// <param name="remedy">What to do about it; null: the problem says it.</param>
    /// <returns>The conversation; null: it cannot be used.</returns>
    public static Conversation? Read(string json, out string? problem, out string? remedy)
    {
        if (ReadMessages(json, out problem, out remedy) is not { } messages)
        {
            return null;
        }

        (problem, remedy) = Problem(messages);
        return problem is null ? new(messages) : null;
    }

    /// <summary>Reads a conversation that the assistant is to continue, without an answer at its end.</summary>
    /// <param name="json">The array.</param>
    /// <param name="problem">What is wrong with it; null: nothing.</param>
    /// <returns>The conversation; null: it cannot be used.</returns>
    public static Conversation? ReadQuestion(string json, out string? problem)
    {
        if (ReadMessages(json, out problem, out string? remedy) is not { } messages)
        {
            problem = remedy is null ? problem : $"{problem}; {remedy}";
            return null;
        }

        if (messages.Count == 0)
        {
            problem = "the list of messages is empty; write at least one from the user";
            return null;
        }

        // With an answer, it would be a whole conversation; the last answer of one is asked for again.
        messages = messages is [.., { Role: ChatRole.Assistant }] ? messages[..^1] : messages;
        (problem, remedy) = Problem([.. messages, new(ChatRole.Assistant, "?")]);
        problem = problem is null || remedy is null ? problem : $"{problem}; {remedy}";
        return problem is null ? new(messages) : null;
    }

    /// <summary>The JSON array of the messages, as rows have it.</summary>
    public string ToJson() => new JsonArray(
    [
        .. Messages.Select(message => new JsonObject
        {
            [RoleKey] = message.Role.ToString().ToLowerInvariant(),
            [ContentKey] = message.Content,
        }),
    ]).ToJsonString();

    private static List<ChatMessage>? ReadMessages(string json, out string? problem, out string? remedy)
    {
        (problem, remedy) = (null, null);
        List<ChatMessage> messages = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                (problem, remedy) = ("the messages are not a list", "write a list of objects with 'role' and 'content'");
                return null;
            }

            foreach ((int i, JsonElement element) in document.RootElement.EnumerateArray().Index())
            {
                if (Message(element, i + 1, out problem, out remedy) is not ChatMessage message)
                {
                    return null;
                }

                messages.Add(message);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            (problem, remedy) = ("the messages are not valid JSON", "write a list of objects with 'role' and 'content'");
            return null;
        }

        return messages;
    }

    private static ChatMessage? Message(JsonElement element, int number, out string? problem, out string? remedy)
    {
        (problem, remedy) = Problem(element) is string found ? ($"message {number} {found}", Objects) : (null, null);
        if (element.ValueKind == JsonValueKind.Object && Calls(element) is string calls)
        {
            (problem, remedy) = ($"message {number} has '{calls}'", "calls of tools cannot be trained on; leave such rows out");
        }

        if (problem is not null)
        {
            return null;
        }

        string role = element.GetProperty(RoleKey).GetString()!, content = element.GetProperty(ContentKey).GetString()!;
        if (Role(role) is not ChatRole known)
        {
            (problem, remedy) = ($"message {number} has the role '{Excerpt.Of(role)}'", "the roles are system, user and assistant");
            return null;
        }

        if (content.Contains('\0', StringComparison.Ordinal))
        {
            (problem, remedy) = ($"message {number} has a NUL character", "remove it, or save the file as UTF-8 text");
            return null;
        }

        return new(known, content);
    }

    /// <summary>Why an element is no message with two texts; null: it is one.</summary>
    private static string? Problem(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return "is not an object";
        }

        foreach (string key in new[] { RoleKey, ContentKey })
        {
            if (!element.TryGetProperty(key, out JsonElement value))
            {
                return $"has no '{key}'";
            }

            if (value.ValueKind != JsonValueKind.String)
            {
                return value.ValueKind switch
                {
                    JsonValueKind.Null => $"has a '{key}' that is null and not a text",
                    JsonValueKind.Array => $"has a '{key}' that is a list and not a text",
                    _ => $"has a '{key}' that is not a text",
                };
            }
        }

        return null;
    }

    /// <summary>The key of calls of tools that a message has; null: it has none.</summary>
    private static string? Calls(JsonElement element) => Array.Find(_calls, key => element.TryGetProperty(key, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0));

    private static ChatRole? Role(string role) => role switch
    {
        "system" => ChatRole.System,
        "user" => ChatRole.User,
        "assistant" => ChatRole.Assistant,
        _ => null,
    };

    private static (string? Problem, string? Remedy) Problem(List<ChatMessage> messages)
    {
        if (!messages.Any(message => message.Role == ChatRole.Assistant))
        {
            return ("the conversation has no assistant turn", "there is nothing to learn from it; leave the row out");
        }

        ChatRole expected = messages[0].Role == ChatRole.System ? ChatRole.System : ChatRole.User;
        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i].Role != expected)
            {
                return ($"message {i + 1} is from {Name(messages[i].Role)} where one from {Name(expected)} belongs", Order);
            }

            if (messages[i].Role == ChatRole.Assistant && messages[i].Content.AsSpan().IsWhiteSpace())
            {
                return ($"message {i + 1}, from the assistant, is empty", null);
            }

            expected = expected == ChatRole.User ? ChatRole.Assistant : ChatRole.User;
        }

        return expected == ChatRole.Assistant ? ("the last message is from the user", Order) : (null, null);
    }

    private static string Name(ChatRole role) => $"the {role.ToString().ToLowerInvariant()}";
}
