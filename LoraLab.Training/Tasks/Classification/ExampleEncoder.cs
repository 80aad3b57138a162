using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>Encodes rows as token ids. Thread-safe only if the tokenizer is.</summary>
public sealed class ExampleEncoder
{
    private readonly ITokenizer _tokenizer;
    private readonly PromptTemplate _template;
    private readonly IReadOnlyList<string> _labels;
    private readonly LossScope _scope;
    private readonly bool _stripSentence;
    private int[][] _lastLabels = [];

    /// <summary>Creates the encoder of a run.</summary>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="template">Prompt template.</param>
    /// <param name="labels">Label words in label order.</param>
    /// <param name="scope">Tokens of a training text that are targets.</param>
    /// <param name="stripSentence">Trim trailing whitespace from each text.</param>
    public ExampleEncoder(ITokenizer tokenizer, PromptTemplate template, IReadOnlyList<string> labels, LossScope scope, bool stripSentence)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(labels);
        _tokenizer = tokenizer;
        _template = template;
        _labels = labels;
        _scope = scope;
        _stripSentence = stripSentence;
    }

    /// <summary>Encodes a training row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="source">Where the rows were read, for messages; null: unknown.</param>
    /// <exception cref="RunFailure">In the completion scope, the text's ids do not start with its prompt's.</exception>
    public TrainingExample EncodeTraining(LabeledRow row, SplitSource? source = null)
    {
        string[] texts = Texts(row);
        int[] ids = _tokenizer.Encode(_template.TrainingText(texts, _labels[row.Label]));
        if (_scope == LossScope.Full)
        {
            return TrainingExample.From(row.Row, ids, 1);
        }

        int[] prompt = _tokenizer.Encode(_template.EvaluationPrompt(texts));
        RequirePrefix(row, source, prompt, ids, "training text");
        return TrainingExample.From(row.Row, ids, prompt.Length);
    }

    /// <summary>Encodes an evaluation row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="source">Where the rows were read, for messages; null: unknown.</param>
    /// <exception cref="RunFailure">A prompt with its label does not start with the prompt's ids, or two labels share their
    /// ids.</exception>
    public EvaluationExample EncodeEvaluation(LabeledRow row, SplitSource? source = null)
    {
        string text = _template.EvaluationPrompt(Texts(row));
        int[] prompt = _tokenizer.Encode(text);
        int[][] added = new int[_labels.Count][];
        for (int i = 0; i < added.Length; i++)
        {
            int[] whole = _tokenizer.Encode(string.Concat(text, " ", _labels[i]));
            RequirePrefix(row, source, prompt, whole, $"prompt with the label '{_labels[i]}'");
            added[i] = whole[prompt.Length..];
            // Byte pieces still spell the word, so its score is its probability. The unknown piece matches any text.
            if (_tokenizer.UnknownId is int unknown && added[i].Contains(unknown))
            {
                throw RunFailure.BadData(
                    $"The vocabulary in the model's {_tokenizer.FileName} has no tokens for the label '{_labels[i]}'; use another label "
                        + "word.",
                    "dataset");
            }

            int same = Array.FindIndex(added, 0, i, other => other.AsSpan().SequenceEqual(added[i]));
            if (same >= 0)
            {
                throw RunFailure.BadData(
                    $"{Place(row, source)}: the model's {_tokenizer.FileName} encodes the labels '{_labels[same]}' and "
                        + $"'{_labels[i]}' as the same tokens; use other label words.",
                    "dataset");
            }
        }

        // Nearly always the labels have the same tokens after every prompt, which are then kept once.
        bool asBefore = _lastLabels.Length == added.Length
            && added.Zip(_lastLabels).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
        _lastLabels = asBefore ? _lastLabels : added;
        return new EvaluationExample(row.Row, row.Label, prompt, _lastLabels);
    }

    private string[] Texts(LabeledRow row) => [.. row.Texts.Select(text => _stripSentence ? text.TrimEnd() : text)];

    private static string Place(LabeledRow row, SplitSource? source)
    {
        string place = SplitSource.Places(source, [row.Row]);
        return char.ToUpperInvariant(place[0]) + place[1..];
    }

    private static void RequirePrefix(LabeledRow row, SplitSource? source, int[] prompt, int[] whole, string text)
    {
        if (whole.Length <= prompt.Length || !whole.AsSpan().StartsWith(prompt))
        {
            throw RunFailure.BadData(
                $"{Place(row, source)}: the tokens of its {text} do not start with the tokens of its prompt, "
                    + "so the label cannot be separated from the prompt; "
                + "end the prompt with a character that does not merge with the label.",
                "prompt");
        }
    }
}
