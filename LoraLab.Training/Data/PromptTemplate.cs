using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>
/// A prompt with a place for the sentence and one for the label. The evaluation prompt is the template cut right before
/// <c> {label}</c>, without a trailing space: the space belongs to the label's first token.
/// </summary>
public sealed class PromptTemplate
{
    private const string Sentence = "{sentence}";
    private const string Label = " {label}";

    private static readonly Dictionary<string, string> _presets = new(StringComparer.Ordinal)
    {
        ["paper-literal"] = "Classify the sentiment of this sentence: {sentence}\n\n.Sentiment: {label}\n",
        ["paper-quoted"] = "Classify the sentiment of this sentence: \"{sentence}\"\n\n.Sentiment: {label}\n",
    };

    private readonly string _before;
    private readonly string _between;
    private readonly string _after;

    private PromptTemplate(string text)
    {
        int sentence = text.IndexOf(Sentence, StringComparison.Ordinal);
        int label = text.IndexOf(Label, StringComparison.Ordinal);
        Text = text;
        _before = text[..sentence];
        _between = text[(sentence + Sentence.Length)..label];
        _after = text[(label + Label.Length)..];
    }

    /// <summary>Names of the ready-made prompts.</summary>
    public static IReadOnlyCollection<string> Presets => _presets.Keys;

    /// <summary>The template itself, with <c>{sentence}</c> and <c> {label}</c>.</summary>
    public string Text { get; }

    /// <summary>A ready-made prompt by its name, or an own template.</summary>
    /// <exception cref="RunFailure">The template lacks a place, has one twice, or has the label before the sentence.</exception>
    public static PromptTemplate Parse(string nameOrTemplate)
    {
        ArgumentNullException.ThrowIfNull(nameOrTemplate);
        if (_presets.TryGetValue(nameOrTemplate, out string? preset))
        {
            return new PromptTemplate(preset);
        }

        int sentences = Count(nameOrTemplate, Sentence);
        int labels = Count(nameOrTemplate, Label.TrimStart());
        if (sentences == 0 && labels == 0)
        {
            throw Wrong($"is neither a ready-made prompt ({string.Join(", ", _presets.Keys)}) nor a template with {{sentence}} and a space before {{label}}");
        }

        Require(sentences > 0, "has no {sentence}; add it where the row's text belongs");
        Require(labels > 0, "has no {label}; add it, with a space before it, where the label word belongs");
        Require(sentences == 1, "has {sentence} more than once");
        Require(labels == 1, "has {label} more than once");
        Require(Count(nameOrTemplate, Label) == 1, "has no space before {label}; the space belongs to the label's first token");
        Require(
            nameOrTemplate.IndexOf(Sentence, StringComparison.Ordinal) < nameOrTemplate.IndexOf(Label, StringComparison.Ordinal),
            "has {label} before {sentence}; the label must be predicted from the sentence");
        return new PromptTemplate(nameOrTemplate);
    }

    /// <summary>The full text of a training row.</summary>
    public string TrainingText(string sentence, string label) => string.Concat(EvaluationPrompt(sentence), " ", label, _after);

    /// <summary>The text up to the label, without the space before it.</summary>
    public string EvaluationPrompt(string sentence) => string.Concat(_before, sentence, _between);

    private static int Count(string text, string part)
    {
        int count = 0;
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw Wrong(problem);
        }
    }

    private static RunFailure Wrong(string problem) => RunFailure.BadData($"The prompt {problem}.", "prompt");
}
