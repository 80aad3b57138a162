using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Tasks.Completion.Chat;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// What a run that completes texts is asked, outside of its dataset: the same prompts as in its evaluations, of the columns that are known
/// when a text is to be written.
/// </summary>
public sealed class CompletionQuestions
{
    private const string Messages = "messages";
    private readonly ITokenizer _tokenizer;
    private readonly TextEncoder _encoder;
    private readonly CompletionTemplate? _template;
    private readonly ChatFormat? _format;

    /// <summary>The questions of a run.</summary>
    /// <param name="spec">Its specification as used.</param>
    /// <param name="prompt">Fingerprint of its prompt.</param>
    /// <param name="tokenizer">Tokenizer of its model.</param>
    /// <exception cref="RunFailure">The model's chat template is none that LoraLab knows.</exception>
    public CompletionQuestions(RunSpec spec, PromptFingerprint prompt, ITokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(prompt);
        (_tokenizer, _encoder) = (tokenizer, new(tokenizer));
        if (spec.Prompt is null)
        {
            _format = RowLayout.FormatOf(spec, tokenizer);
            Columns = [Messages];
        }
        else
        {
            string template = prompt.Name == CompletionTemplate.Alpaca ? prompt.Name : prompt.Template;
            _template = CompletionTemplate.Parse(template, null);
            Columns = _template.PromptColumns;
        }
    }

    /// <summary>Columns that an input must have; <c>messages</c> is a conversation as a JSON array, the user last.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The text that the model continues.</summary>
    /// <param name="input">Texts of the columns.</param>
    /// <exception cref="RunFailure">The conversation cannot be used.</exception>
    public string Text(IReadOnlyDictionary<string, string> input) => ChatText.Of(Parts(input), _tokenizer.EndToken);

    /// <summary>Its ids.</summary>
    /// <param name="input">Texts of the columns.</param>
    /// <exception cref="RunFailure">The conversation cannot be used.</exception>
    public int[] Ids(IReadOnlyDictionary<string, string> input) => _encoder.Encode(Parts(input)).Ids;

    /// <summary>How an answer is generated, which ends as the answers of the run's rows do.</summary>
    /// <param name="maxTokens">Maximum number of generated tokens.</param>
    public GenerationSettings Settings(int maxTokens) => AnswerSettings.Of(_tokenizer, _format, maxTokens);

    private IReadOnlyList<TextPart> Parts(IReadOnlyDictionary<string, string> input)
    {
        if (_format is null)
        {
            return [new(_template!.Prompt(input), false)];
        }

        Conversation conversation = Conversation.ReadQuestion(input[Messages], out string? problem)
            ?? throw RunFailure.BadData($"In the input, {problem}.", Messages);
        return ChatText.Prompt(_format, conversation.Messages);
    }
}
