using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Completion.Chat.Jinja;

namespace LoraLab.Training.Tasks.Completion.Chat;

/// <summary>
/// Recognizes a model's own chat template by what it writes of probe conversations, which must be what one of the known formats writes.
/// </summary>
internal static class ChatRecognition
{
    private const string Begin = "<begin>";
    private const string End = "<end>";
    private static readonly ChatMessage _system = new(ChatRole.System, "Answer in few words.");

    /// <summary>A conversation of two turns, one with white space around it.</summary>
    public static IReadOnlyList<ChatMessage> Probe { get; } =
    [
        new(ChatRole.User, "How many legs has a spider?"),
        new(ChatRole.Assistant, "Eight."),
        new(ChatRole.User, " And an ant? "),
        new(ChatRole.Assistant, "Six, like all insects."),
    ];

    /// <summary>The format of a template.</summary>
    /// <param name="template">The template, in Jinja; null: the model has none.</param>
    /// <exception cref="RunFailure">There is none, or none that LoraLab knows; field <c>chatTemplate</c>.</exception>
    public static ChatFormat Of(string? template)
    {
        if (string.IsNullOrWhiteSpace(template))
        {
            throw RunFailure.BadData(
                $"The model has no chat template, which conversations need; set chatTemplate to one of {ChatFormats.Names}.",
                "chatTemplate");
        }

        try
        {
            string written = Written(template, Probe);
            foreach (ChatFormat format in ChatFormats.All.Concat(ChatFormats.Variants).SelectMany(Trimming))
            {
                ChatFormat candidate = format with { DefaultSystem = DefaultSystem(format, written) };
                if (written == Expected(candidate, Probe) && Prompts(template, candidate)
                    && WithSystem(template, candidate) is ChatFormat found)
                {
                    return found;
                }
            }
        }
        catch (Exception problem) when (problem is FormatException or TemplateRefusalException or InvalidCastException or ArgumentException)
        {
            throw Unknown($"LoraLab cannot read it ({Excerpt.Of(problem.Message)})", problem);
        }

        throw Unknown("it writes a conversation in another way", null);
    }

    private static IEnumerable<ChatFormat> Trimming(ChatFormat format) => [format, format with { Trims = !format.Trims }];

    // White space at the end is no target, and some templates leave it out.
    private static string Written(string template, IReadOnlyList<ChatMessage> messages, bool addsPrompt = false)
    {
        string text = Template.Render(template, messages, Begin, End, addsPrompt);
        text = text.StartsWith(Begin, StringComparison.Ordinal) ? text[Begin.Length..] : text;
        return text.TrimEnd();
    }

    private static string Expected(ChatFormat format, IReadOnlyList<ChatMessage> messages) =>
        ChatText.Of(ChatText.Parts(format, messages), End).TrimEnd();

    private static string? DefaultSystem(ChatFormat format, string written)
    {
        if (format.System is not ChatTurn turn || !written.StartsWith(turn.Before, StringComparison.Ordinal))
        {
            return null;
        }

        int end = written.IndexOf(turn.Marker == ChatFormat.End ? End : turn.Marker, StringComparison.Ordinal);
        return end < 0 ? null : written[turn.Before.Length..end];
    }

    private static bool Prompts(string template, ChatFormat format)
    {
        ChatMessage[] asked = [.. Probe.SkipLast(1)];
        return Written(template, asked, addsPrompt: true) == ChatText.Of(ChatText.Prompt(format, asked), End).TrimEnd();
    }

    /// <summary>The format if the template also writes a system message as it does, or without one if it refuses it.</summary>
    private static ChatFormat? WithSystem(string template, ChatFormat format)
    {
        IReadOnlyList<ChatMessage> messages = [_system, .. Probe];
        try
        {
            return Written(template, messages) == Expected(format, messages) ? format : null;
        }
        catch (TemplateRefusalException)
        {
            return format with { System = null, SystemBehind = null, DefaultSystem = null };
        }
    }

    private static RunFailure Unknown(string reason, Exception? problem) => RunFailure.BadData(
        $"The model's own chat template is none of those that LoraLab knows: {reason}; set chatTemplate to the one of "
            + $"{ChatFormats.Names} that the conversations are to be written in.",
        "chatTemplate",
        problem);
}
