using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// The text of a row with its columns in braces. What stands before the completion's column is the prompt; the completion and what follows
/// it are what the model learns to write.
/// </summary>
public sealed class CompletionTemplate
{
    /// <summary>Name of the template of Stanford Alpaca (https://github.com/tatsu-lab/stanford_alpaca#data-release).</summary>
    public const string Alpaca = "alpaca";

    /// <summary>Name of the completion's column in a template, whatever it is called in the files.</summary>
    public const string Completion = "completion";

    private const string Input = "input";
    private const string AlpacaStart = "Below is an instruction that describes a task";
    private const string AlpacaTask = "Write a response that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n";
    private const string AlpacaEnd = "### Response:\n{completion}";

    private const string AlpacaWithInput =
        AlpacaStart + ", paired with an input that provides further context. " + AlpacaTask + "### Input:\n{input}\n\n" + AlpacaEnd;

    private const string AlpacaWithoutInput = AlpacaStart + ". " + AlpacaTask + AlpacaEnd;

    private readonly IReadOnlyList<PromptPart> _parts;
    private readonly IReadOnlyList<PromptPart>? _withoutInput;

    private CompletionTemplate(string text, IReadOnlyList<PromptPart> parts, IReadOnlyList<PromptPart>? withoutInput) =>
        (Text, _parts, _withoutInput) = (text, parts, withoutInput);

    /// <summary>The template text, in which the completion is <c>{completion}</c> and the others have the names of the rows.</summary>
    public string Text { get; }

    /// <summary>Columns before the completion.</summary>
    public IReadOnlyList<string> PromptColumns =>
        [.. _parts.TakeWhile(part => !IsCompletion(part)).Where(part => part.IsColumn).Select(part => part.Text).Distinct()];

    /// <summary>Returns the template of a name, or parses one.</summary>
    /// <param name="nameOrTemplate">Name or template.</param>
    /// <param name="columns">The columns; null: they are not known, and any name is accepted.</param>
    /// <exception cref="RunFailure">A column does not exist, or the completion is missing or repeated; field <c>prompt</c>.</exception>
    internal static CompletionTemplate Parse(string nameOrTemplate, CompletionColumns? columns)
    {
        bool isAlpaca = nameOrTemplate == Alpaca;
        bool hasInput = columns?.Names.Contains(Input) != false;
        string text = !isAlpaca ? nameOrTemplate : hasInput ? AlpacaWithInput : AlpacaWithoutInput;
        IReadOnlyList<PromptPart> parts = Split(text, columns);
        int completions = parts.Count(IsCompletion);
        if (columns is not null && completions != 1)
        {
            throw RunFailure.BadData(
                completions == 0
                    ? "The prompt does not contain {completion}; insert it where the text belongs that the model learns to write."
                    : "The prompt contains the completion more than once; keep one.",
                "prompt");
        }

        int place = parts.Index().FirstOrDefault(part => IsCompletion(part.Item)).Index;
        if (parts.Skip(place + 1).FirstOrDefault(part => part.IsColumn)?.Text is string late
            && !parts.Take(place).Any(part => part.IsColumn))
        {
            throw RunFailure.BadData(
                $"The prompt has {{completion}} before {{{Excerpt.Of(late)}}}, so the model would learn to write it without knowing the "
                    + "row; put a column before it.",
                "prompt");
        }

        return new(columns?.WithNames(text) ?? text, parts, isAlpaca && hasInput ? Split(AlpacaWithoutInput, columns) : null);
    }

    /// <summary>The parts of a row's text, the end token last.</summary>
    /// <param name="row">Values of the columns by the names that a template has for them.</param>
    public IReadOnlyList<TextPart> Parts(IReadOnlyDictionary<string, string> row)
    {
        List<TextPart> parts = [];
        bool isTarget = false;
        foreach (PromptPart part in PartsFor(row))
        {
            isTarget |= IsCompletion(part);
            string text = part.IsColumn ? row[part.Text] : part.Text;
            if (text.Length > 0)
            {
                parts.Add(new(text, isTarget));
            }
        }

        return [.. parts, TextPart.End(isTarget: true)];
    }

    /// <summary>What the model continues.</summary>
    /// <param name="row">Values of the columns by the names that a template has for them.</param>
    public string Prompt(IReadOnlyDictionary<string, string> row) => string.Concat(
        PartsFor(row).TakeWhile(part => !IsCompletion(part)).Select(part => part.IsColumn ? row[part.Text] : part.Text));

    private static bool IsCompletion(PromptPart part) => part is { IsColumn: true, Text: Completion };

    // A file's own name of the completion's column means the completion too.
    private static IReadOnlyList<PromptPart> Split(string text, CompletionColumns? columns) =>
    [
        .. PromptPart.Split(text, columns is null ? null : [.. columns.TemplateNames])
            .Select(part => part.IsColumn ? part with { Text = columns?.Meaning(part.Text) ?? part.Text } : part),
    ];

    // The published template has no input where that is empty.
    private IReadOnlyList<PromptPart> PartsFor(IReadOnlyDictionary<string, string> row) =>
        _withoutInput is not null && row[Input].AsSpan().IsWhiteSpace() ? _withoutInput : _parts;
}
