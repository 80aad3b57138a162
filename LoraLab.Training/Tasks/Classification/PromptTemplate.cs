using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// A prompt with placeholders for the sentence and the label. The evaluation prompt is the template up to
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

    /// <summary>Names of the preset prompts.</summary>
    public static IReadOnlyCollection<string> Presets => _presets.Keys;

    /// <summary>The template text, with <c>{sentence}</c> and <c> {label}</c>.</summary>
    public string Text { get; }

    /// <summary>Returns the preset of that name, or parses a template.</summary>
    /// <exception cref="RunFailure">A placeholder is missing or repeated, or the label precedes the sentence.</exception>
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
            throw Error(
                $"is neither a preset ({string.Join(", ", _presets.Keys)}) nor a template with {{sentence}} and, after a space, {{label}}");
        }

        Require(sentences > 0, "has no {sentence}; insert it where the row's text belongs");
        Require(labels > 0, "has no {label}; insert it, after a space, where the label word belongs");
        Require(sentences == 1, "contains {sentence} more than once");
        Require(labels == 1, "contains {label} more than once");
        Require(Count(nameOrTemplate, Label) == 1, "has no space before {label}; insert one, which belongs to the label's first token");
        Require(
            nameOrTemplate.IndexOf(Sentence, StringComparison.Ordinal) < nameOrTemplate.IndexOf(Label, StringComparison.Ordinal),
            "has {label} before {sentence}; the label must be predicted from the sentence");
        return new PromptTemplate(nameOrTemplate);
    }

    /// <summary>Returns the full text of a training row.</summary>
    public string TrainingText(string sentence, string label) => string.Concat(EvaluationPrompt(sentence), " ", label, _after);

    /// <summary>Returns the text up to the label, without the space before it.</summary>
    public string EvaluationPrompt(string sentence) => string.Concat(_before, sentence, _between);

    private static int Count(string text, string part)
    {
        int count = 0;
        for (int at = text.IndexOf(
            part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw Error(problem);
        }
    }

    private static RunFailure Error(string problem) => RunFailure.BadData($"The prompt {problem}.", "prompt");
}
