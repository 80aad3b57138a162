using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Tasks.Completion;

namespace LoraLab.Training.Cli.Predict;

/// <summary>Prompts that are continued.</summary>
internal sealed class GeneratedPrediction : IPrediction
{
    private readonly IReadOnlyList<string> _prompts;
    private readonly IReadOnlyList<int[]> _ids;
    private readonly GenerationSettings _settings;

    private GeneratedPrediction(IReadOnlyList<string> prompts, IReadOnlyList<int[]> ids, GenerationSettings settings) =>
        (_prompts, _ids, _settings) = (prompts, ids, settings);

    /// <inheritdoc />
    public IReadOnlyList<string> Columns { get; private init; } = [];

    /// <inheritdoc />
    public IReadOnlyList<string> Labels => [];

    /// <summary>Encodes prompts.</summary>
    /// <param name="prompts">The texts as the model reads them.</param>
    /// <param name="field">Member of the request that has them.</param>
    /// <param name="options">How texts are generated; null: greedily.</param>
    /// <param name="resolved">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="PredictRefusal">A prompt or an option cannot be used.</exception>
    public static GeneratedPrediction OfPrompts(
        IReadOnlyList<string> prompts, string field, GenerateOptions? options, ResolvedModel resolved, ModelTokenizer tokenizer)
    {
        // An empty text has no tokens of its own, but what stands in front of every text.
        int[][] ids = [.. prompts.Select(prompt => IPrediction.Encode(
            field, () => prompt.Length == 0 ? [.. tokenizer.Tokenizer.Prefix] : tokenizer.Tokenizer.Encode(prompt)))];
        GenerateOptions generate = options ?? new();
        return Of(prompts, ids, field, generate, resolved, new(generate.MaxTokens) { Tokenizer = tokenizer.Tokenizer });
    }

    /// <summary>Encodes the prompts of inputs of a run that completes texts.</summary>
    /// <exception cref="PredictRefusal">An input or an option cannot be used.</exception>
    public static GeneratedPrediction OfInputs(
        PredictCommand command,
        IReadOnlyList<IReadOnlyDictionary<string, string>> inputs,
        PredictedRun run,
        ResolvedModel resolved,
        ModelTokenizer tokenizer)
    {
        if (command.TopK is not null)
        {
            throw PredictRefusal.Of("topK", $"Run {run.Id} completes texts and has no labels to rank; leave topK out.");
        }

        CompletionQuestions questions = IPrediction.Encode(
            "inputs", () => new CompletionQuestions(run.Spec, run.Fingerprint.Prompt, tokenizer.Tokenizer));
        List<string> prompts = [];
        List<int[]> ids = [];
        for (int i = 0; i < inputs.Count; i++)
        {
            InputColumns.Texts(inputs[i], i, questions.Columns);
            prompts.Add(IPrediction.Encode($"inputs[{i}]", () => questions.Text(inputs[i])));
            ids.Add(IPrediction.Encode($"inputs[{i}]", () => questions.Ids(inputs[i])));
        }

        GenerateOptions generate = command.Generate ?? new() { MaxTokens = run.Spec.GenerateTokens };
        GenerationSettings settings = questions.Settings(generate.MaxTokens);
        return Of(prompts, ids, "inputs", generate, resolved, settings, questions.Columns);
    }

    private static GeneratedPrediction Of(
        IReadOnlyList<string> prompts,
        IReadOnlyList<int[]> ids,
        string field,
        GenerateOptions generate,
        ResolvedModel resolved,
        GenerationSettings settings,
        IReadOnlyList<string>? columns = null)
    {
        if (generate.TopP <= 0)
        {
            throw PredictRefusal.Of("generate.topP", $"topP is {generate.TopP}; it must be above 0 and at most 1.");
        }

        foreach ((int i, int[] prompt) in ids.Index())
        {
            string place = columns is null ? field : $"{field}[{i}]";
            if (prompt.Length == 0)
            {
                throw PredictRefusal.Of(
                    place, "The prompt has no token, and the tokenizer of the model puts nothing in front of a text; give it a text.");
            }

            IPrediction.RequireLength(prompt.Length + 1, resolved.Config, place);
        }

        IPrediction.RequireTokens(
            ids.Sum(prompt => (long)prompt.Length + generate.MaxTokens), field, "send less text, or lower generate.maxTokens");
        return new(prompts, ids, settings with
        {
            Temperature = generate.Temperature,
            TopP = generate.TopP,
            Seed = generate.Seed,
            StopTexts = [.. settings.StopTexts, .. generate.Stop],
            StopIds = new HashSet<int>([.. settings.StopIds, .. StopTokens.Of(resolved.Folder)]),
        })
        {
            Columns = columns ?? [],
        };
    }

    /// <inheritdoc />
    public IReadOnlyList<PredictedItem> Run(LlamaModel model, CancellationToken cancellation) =>
        [.. TextGeneration.Run(model, _ids, _settings, cancellation).Select((text, i) => new PredictedItem
        {
            Prompt = _prompts[i],
            Tokens = _ids[i].Length,
            Generated = text.Text,
            GeneratedTokens = text.Ids.Count,
            Stop = text.StopName,
        })];
}
