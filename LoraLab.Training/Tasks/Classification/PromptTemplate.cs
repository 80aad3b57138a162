using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// A prompt with placeholders for the text columns and the label. The evaluation prompt is the template up to
/// <c> {label}</c>, without a trailing space: the space belongs to the label's first token.
/// </summary>
public sealed class PromptTemplate
{
    private const string Label = "label";

    private static readonly Dictionary<string, string> _presets = new(StringComparer.Ordinal)
    {
        ["paper-literal"] = "Classify the sentiment of this sentence: {sentence}\n\n.Sentiment: {label}\n",
        ["paper-quoted"] = "Classify the sentiment of this sentence: \"{sentence}\"\n\n.Sentiment: {label}\n",
    };

    // What is before the label: text, or the index of a column.
    private readonly (string Text, int? Column)[] _parts;
    private readonly string _after;

    private PromptTemplate(string text, IReadOnlyList<string> columns, IReadOnlyList<PromptPart> parts)
    {
        int label = IndexOfLabel(parts);
        Text = text;
        _parts = [.. parts.Take(label).Select(part => (part.Text, part.IsColumn ? IndexOf(columns, part.Text) : (int?)null))];
        _parts[^1].Text = _parts[^1].Text[..^1];
        _after = string.Concat(parts.Skip(label + 1).Select(part => part.Text));
    }

    /// <summary>Names of the preset prompts.</summary>
    public static IReadOnlyCollection<string> Presets => _presets.Keys;

    /// <summary>The template text, with columns in braces and <c> {label}</c>.</summary>
    public string Text { get; }

    /// <summary>The text columns that the template contains, as indices.</summary>
    public IReadOnlyCollection<int> Columns => [.. _parts.Select(part => part.Column).OfType<int>()];

    /// <summary>Returns the preset of that name, or parses a template over the column <c>sentence</c>.</summary>
    /// <exception cref="RunFailure">A placeholder is unknown, missing or repeated, or the label precedes a column.</exception>
    public static PromptTemplate Parse(string nameOrTemplate) => Parse(nameOrTemplate, ["sentence"]);

    /// <summary>Returns the preset of that name, or parses a template.</summary>
    /// <param name="nameOrTemplate">Name of a preset, or a template.</param>
    /// <param name="columns">Names of the text columns; null: they are not known, and any name is accepted.</param>
    /// <exception cref="RunFailure">A placeholder is unknown, missing or repeated, or the label precedes a column.</exception>
    public static PromptTemplate Parse(string nameOrTemplate, IReadOnlyList<string>? columns)
    {
        ArgumentNullException.ThrowIfNull(nameOrTemplate);
        string text = _presets.GetValueOrDefault(nameOrTemplate, nameOrTemplate);
        IReadOnlyList<PromptPart> parts = PromptPart.Split(text, columns is null ? null : [.. columns, Label]);
        string[] names = [.. parts.Where(part => part.IsColumn).Select(part => part.Text)];
        string known = string.Join(", ", (columns ?? ["sentence"]).Select(Braces));
        if (names.Length == 0)
        {
            throw Error(
                $"is neither a preset ({string.Join(", ", _presets.Keys)}) nor a template with {known} and, after a space, {{label}}");
        }

        int label = IndexOfLabel(parts);
        Require(names.Any(name => name != Label), $"has no {known}; insert it where the row's text belongs");
        Require(label >= 0, "has no {label}; insert it, after a space, where the label word belongs");
        foreach (string name in names)
        {
            Require(names.Count(other => other == name) == 1, $"contains {Braces(name)} more than once");
        }

        Require(
            parts[label - 1].Text.EndsWith(' '), "has no space before {label}; insert one, which belongs to the label's first token");
        string? late = parts.Skip(label + 1).FirstOrDefault(part => part.IsColumn)?.Text;
        Require(late is null, $"has {{label}} before {Braces(late ?? "")}; the label must be predicted from the row's text");
        return new PromptTemplate(text, columns ?? names, parts);
    }

    /// <summary>The prompt of a dataset that names none: the paper's for sentences, else each column and the label in a line.</summary>
    /// <param name="columns">Names of the text columns.</param>
    public static string DefaultOf(IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        return columns is ["sentence"]
            ? "paper-literal"
            : string.Concat([.. columns.Append(Label).Select(name => $"{char.ToUpperInvariant(name[0])}{name[1..]}: {Braces(name)}\n")]);
    }

    /// <summary>Returns the full text of a training row.</summary>
    /// <param name="texts">Text of each column.</param>
    /// <param name="label">The label word.</param>
    public string TrainingText(IReadOnlyList<string> texts, string label) => string.Concat(EvaluationPrompt(texts), " ", label, _after);

    /// <summary>Returns the text up to the label, without the space before it.</summary>
    /// <param name="texts">Text of each column.</param>
    public string EvaluationPrompt(params IReadOnlyList<string> texts) =>
        string.Concat(_parts.Select(part => part.Column is int column ? texts[column] : part.Text));

    private static string Braces(string name) => $"{{{name}}}";

    private static int IndexOf(IReadOnlyList<string> columns, string name) => columns.Index().First(column => column.Item == name).Index;

    private static int IndexOfLabel(IReadOnlyList<PromptPart> parts) =>
        parts.Index().Where(part => part.Item is { IsColumn: true, Text: Label }).Select(part => part.Index).FirstOrDefault(-1);

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw Error(problem);
        }
    }

    private static RunFailure Error(string problem) => RunFailure.BadData($"The prompt {problem}.", "prompt");
}
