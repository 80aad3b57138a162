using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Completion.Chat;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>How the rows of a run become texts: by a template, or by a chat template.</summary>
internal sealed class RowLayout
{
    private readonly CompletionColumns _columns;
    private readonly CompletionTemplate? _template;
    private readonly ChatFormat? _format;

    /// <summary>The layout of a run.</summary>
    /// <param name="spec">Its specification.</param>
    /// <param name="dataset">Its dataset.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <exception cref="RunFailure">The prompt is invalid, or the model has no chat template that LoraLab knows.</exception>
    public RowLayout(RunSpec spec, CompletionDataset dataset, ITokenizer tokenizer)
    {
        _columns = dataset.Columns;
        if (_columns.Kind == CompletionKind.Messages)
        {
            _format = FormatOf(spec, tokenizer);
            Warning = Missing(tokenizer) is { Length: > 0 } missing
                ? $"The model's vocabulary has no token for {Excerpt.Of(missing)} of the chat template '{_format!.Name}', so "
                    + $"{(missing.Length == 1 ? "it is" : "they are")} encoded as text."
                : null;
            (Name, Text) = (_format!.Name, ChatText.Of(ChatText.Parts(_format, ChatRecognition.Probe), "{end}"));
        }
        else
        {
            Name = spec.Prompt ?? dataset.DefaultPrompt;
            _template = CompletionTemplate.Parse(Name, _columns);
            Text = _template.Text;
        }
    }

    /// <summary>Name of the template, or the template.</summary>
    public string Name { get; }

    /// <summary>The template; of a chat template, a conversation that it writes.</summary>
    public string Text { get; }

    /// <summary>What a user should know about the chat template; null: nothing.</summary>
    public string? Warning { get; }

    /// <summary>What determines the text of a row, for caches.</summary>
    public object Key => _format ?? (object)Text;

    /// <summary>The chat template; null: the rows are no conversations.</summary>
    public ChatFormat? Format => _format;

    /// <summary>The chat template of a run on conversations.</summary>
    /// <param name="spec">Its specification.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <exception cref="RunFailure">The model's own is none that LoraLab knows.</exception>
    public static ChatFormat FormatOf(RunSpec spec, ITokenizer tokenizer) =>
        spec.ChatTemplate is string name ? ChatFormats.Find(name)! : ChatRecognition.Of(tokenizer.Conventions.ChatTemplate);

    /// <summary>The parts of a row.</summary>
    public IReadOnlyList<TextPart> Parts(CompletionRow row) =>
        _format is not null ? ChatText.Parts(_format, row.Conversation!.Messages) : _template!.Parts(_columns.Values(row));

    /// <summary>The parts of what the model continues; null: the row has no prompt.</summary>
    public IReadOnlyList<TextPart>? Prompt(CompletionRow row) => _columns.Kind switch
    {
        CompletionKind.Messages => ChatText.Prompt(_format!, [.. row.Conversation!.Messages.SkipLast(1)]),
        CompletionKind.Prompted => [new(_template!.Prompt(_columns.Values(row)), false)],
        _ => null,
    };

    /// <summary>The text that the model should write; null: the row has no prompt.</summary>
    public string? Reference(CompletionRow row) => _columns.Kind switch
    {
        CompletionKind.Messages => row.Conversation!.Messages[^1].Content,
        CompletionKind.Prompted => _columns.Values(row)[CompletionTemplate.Completion],
        _ => null,
    };

    private string[] Missing(ITokenizer tokenizer) =>
        [.. _format!.Markers.Where(marker => tokenizer.Encode(marker, withPrefix: false).Length != 1).Select(marker => $"'{marker}'")];
}
