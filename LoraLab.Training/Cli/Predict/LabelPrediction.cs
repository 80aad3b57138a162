using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks.Classification;

namespace LoraLab.Training.Cli.Predict;

/// <summary>Inputs whose labels are scored, with the code of the runs' evaluations.</summary>
internal sealed class LabelPrediction : IPrediction
{
    private readonly RunSpec _spec;
    private readonly IReadOnlyList<string> _prompts;
    private readonly IReadOnlyList<EvaluationExample> _examples;
    private readonly int? _topK;

    private LabelPrediction(RunSpec spec, IReadOnlyList<string> prompts, IReadOnlyList<EvaluationExample> examples, int? topK) =>
        (_spec, _prompts, _examples, _topK) = (spec, prompts, examples, topK);

    /// <inheritdoc />
    public required IReadOnlyList<string> Columns { get; init; }

    /// <inheritdoc />
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Encodes the inputs of a request.</summary>
    /// <param name="command">The request.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="labels">Labels of the request, or of its run.</param>
    /// <param name="trained">Specification of the run; null: a model without an adapter.</param>
    /// <param name="resolved">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="PredictRefusal">An input, the template or the labels cannot be used.</exception>
    public static LabelPrediction Read(
        PredictCommand command,
        IReadOnlyList<IReadOnlyDictionary<string, string>> inputs,
        IReadOnlyList<string> labels,
        RunSpec? trained,
        ResolvedModel resolved,
        ModelTokenizer tokenizer)
    {
        RunSpec spec = trained ?? new();
        if (command.Generate is not null)
        {
            throw PredictRefusal.Of("generate", "The labels of inputs are scored and no text is generated; leave generate out.");
        }

        string prompt = command.Template ?? spec.Prompt!;
        PromptTemplate known = IPrediction.Encode("template", () => PromptTemplate.Parse(prompt, null));
        IReadOnlyList<string> columns = InputColumns.Of(known.Text, "label");
        PromptTemplate template = PromptTemplate.Parse(prompt, columns);
        ExampleEncoder encoder = new(tokenizer.Tokenizer, template, labels, LossScope.Full, spec.StripSentence);
        List<string> prompts = [];
        List<EvaluationExample> examples = [];
        long tokens = 0;
        for (int i = 0; i < inputs.Count; i++)
        {
            int index = i;
            string[] texts = InputColumns.Texts(inputs[i], i, columns);
            EvaluationExample example = IPrediction.Encode(
                $"inputs[{index}]", () => encoder.EncodeEvaluation(new LabeledRow(index, texts, 0)));
            IPrediction.RequireLength(
                example.PromptIds.Length + example.LabelIds.Max(ids => ids.Length), resolved.Config, $"inputs[{index}]");
            if (command.Labels is not null && RowWarnings.OfLabels(labels, example.LabelIds).FirstOrDefault() is string hidden)
            {
                throw PredictRefusal.Of("labels", hidden);
            }

            tokens += example.PromptIds.Length + example.LabelIds.Sum(ids => ids.Length);
            prompts.Add(template.EvaluationPrompt([.. texts.Select(text => spec.StripSentence ? text.TrimEnd() : text)]));
            examples.Add(example);
        }

        IPrediction.RequireTokens(tokens, "inputs", "send fewer or shorter inputs");
        return new(spec, prompts, examples, command.TopK) { Columns = columns, Labels = labels };
    }

    /// <inheritdoc />
    public IReadOnlyList<PredictedItem> Run(LlamaModel model, CancellationToken cancellation)
    {
        using ClassificationEvaluation evaluation = new(Labels, _examples, _spec.LabelScore, model.Config, model.Device);
        using Models.Packed.PackedLlama packed = new(model);
        return [.. evaluation.Predict(packed, cancellation).Select((row, i) => new PredictedItem
        {
            Prompt = _prompts[i],
            Tokens = _examples[i].PromptIds.Length,
            Scores = row.Scores,
            Predicted = row.Predicted,
            Top = Top(row.Scores, _examples[i]),
        })];
    }

    private List<RankedLabel>? Top(IReadOnlyList<double> scores, EvaluationExample example)
    {
        if (_topK is not int count)
        {
            return null;
        }

        double[] compared =
            [.. scores.Select((score, i) => _spec.LabelScore == LabelScore.Sum ? score : score / example.LabelIds[i].Length)];
        double largest = compared.Max();
        double sum = compared.Sum(score => Math.Exp(score - largest));
        return [.. scores.Select((score, i) => new RankedLabel(Labels[i], i, score, Math.Exp(compared[i] - largest) / sum))
            .OrderByDescending(label => compared[label.Index]).Take(count)];
    }
}
