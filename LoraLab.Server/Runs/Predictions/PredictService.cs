using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs.Predictions;

/// <summary>Passes questions to trained runs and models on to the trainer, and marks the runs whose times they affect.</summary>
internal sealed class PredictService(
    IRunStore store, PredictionWorker worker, TrainerInspector inspector, LoraLabPaths paths)
{
    /// <summary>Warning of a run beside which predictions were computed.</summary>
    public const string Beside =
        "Predictions were computed beside this run, with one thread; its times are not comparable with those of other runs.";

    /// <summary>Predictions of a run.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or the run cannot predict now.</exception>
    public async Task<PredictResult> PredictAsync(string id, PredictRequest request, CancellationToken cancellationToken)
    {
        RunDocument run = Find(id);
        PredictCommand command = new()
        {
            Runs = [run.Id],
            Inputs = request.Inputs,
            TopK = request.TopK,
            Prompt = request.Prompt,
            Generate = request.Generate,
        };
        PredictRules.Check(command);
        RequireAdapter(run);
        return (await AskAsync(command, cancellationToken))[0];
    }

    /// <summary>Predictions of a model without an adapter, or of runs side by side.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or cannot be fulfilled now.</exception>
    public async Task<ModelPredictResult> PredictAsync(ModelPredictRequest request, CancellationToken cancellationToken)
    {
        ModelPredictRules.Check(request);
        RunDocument[] runs = [.. (request.Runs ?? []).Select(Find)];
        ModelPredictRules.CheckTogether(runs, request.Model);
        PredictCommand command = new()
        {
            Runs = [.. runs.Select(run => run.Id)],
            Model = request.Model,
            Inputs = request.Inputs,
            Template = request.Template,
            Labels = request.Labels,
            TopK = request.TopK,
            Prompt = request.Prompt,
            Generate = request.Generate,
        };
        PredictRules.Check(command);
        foreach (RunDocument run in runs)
        {
            RequireAdapter(run);
        }

        return ModelPredictResult.Of(await AskAsync(command, cancellationToken), request.Runs is not null);
    }

    /// <summary>Tokens of texts; the inspector reads tokenizers, but no weights.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or cannot be fulfilled now.</exception>
    public async Task<TokenizeResult> TokenizeAsync(TokenizeRequest request, CancellationToken cancellationToken)
    {
        PredictRules.Check(request);
        InspectResponse response = await inspector.RequestAsync(
            new InspectRequest { Kind = "tokenize", Tokenize = request }, cancellationToken);
        return response switch
        {
            { Tokens: { } tokens } => tokens,
            { FieldError: { } error } => throw ApiFailure.Invalid(error.Field, error.Message),
            _ => throw ApiFailure.Unavailable("trainerUnavailable", "The trainer did not return tokens."),
        };
    }

    private RunDocument Find(string id) => store.Find(id)?.Document ?? throw ApiFailure.NoRun(id);

    private Task<IReadOnlyList<PredictResult>> AskAsync(PredictCommand command, CancellationToken cancellationToken) =>
        worker.AskAsync(command, Mark, cancellationToken);

    private void RequireAdapter(RunDocument run)
    {
        if (Directory.Exists(Path.Combine(paths.RunDirectory(run.Id), RunFiles.Adapter)))
        {
            return;
        }

        throw ApiFailure.Conflict(
            "noAdapter",
            !run.State.IsTerminal() ? $"Run {run.Id} has no adapter yet; it is saved at the end of the run."
                : run.Pruned.Count > 0 ? $"The adapter of run {run.Id} was deleted to save space; clone the run to train it again."
                : $"Run {run.Id} ended without an adapter ({run.State.ToString().ToLowerInvariant()}); resume it, or ask another run.");
    }

    private void Mark(string id) => store.Transact(StoreScope.Runs([id]), transaction =>
    {
        if (transaction.Find(id) is { } run)
        {
            RunDocument document = run.Document;
            RunDocument marked = document with
            {
                Summary = document.Summary with { PredictionsBeside = (document.Summary.PredictionsBeside ?? 0) + 1 },
                Warnings = [.. document.Warnings.Append(Beside).Distinct()],
            };
            transaction.Put(run with { Document = marked });
            transaction.EmitState(marked);
        }

        return true;
    });
}
