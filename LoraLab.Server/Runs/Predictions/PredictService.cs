using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs.Predictions;

/// <summary>Passes questions to trained runs and models on to the trainer, and marks the runs whose times they affect.</summary>
internal sealed class PredictService(
    IRunStore store, PredictionWorker worker, TrainerInspector inspector, ActiveRuns active, LoraLabPaths paths)
{
    /// <summary>Warning of a run beside which predictions were computed.</summary>
    public const string Beside =
        "Predictions were computed beside this run, with one thread; its times are not comparable with those of other runs.";

    /// <summary>Predictions of a run.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or the run cannot predict now.</exception>
    public async Task<PredictResult> PredictAsync(string id, PredictRequest request, CancellationToken cancellationToken)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        PredictCommand command = new()
        {
            Run = run.Document.Id,
            Inputs = request.Inputs,
            TopK = request.TopK,
            Prompt = request.Prompt,
            Generate = request.Generate,
        };
        PredictRules.Check(command);
        RequireAdapter(run.Document);
        return await AskAsync(command, cancellationToken);
    }

    /// <summary>Predictions of a model without an adapter.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or cannot be fulfilled now.</exception>
    public async Task<PredictResult> PredictAsync(ModelPredictRequest request, CancellationToken cancellationToken)
    {
        PredictRules.Check(request);
        PredictCommand command = new()
        {
            Model = request.Model,
            Inputs = request.Inputs,
            Template = request.Template,
            Labels = request.Labels,
            TopK = request.TopK,
            Prompt = request.Prompt,
            Generate = request.Generate,
        };
        PredictRules.Check(command);
        return await AskAsync(command, cancellationToken);
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

    private Task<PredictResult> AskAsync(PredictCommand command, CancellationToken cancellationToken) =>
        worker.AskAsync(command, MarkRuns, cancellationToken);

    private void MarkRuns()
    {
        foreach (string id in active.Ids)
        {
            Mark(id);
        }
    }

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
        if (transaction.Find(id) is { } run && !run.Document.State.IsTerminal() && !run.Document.Warnings.Contains(Beside))
        {
            RunDocument marked = run.Document with { Warnings = [.. run.Document.Warnings, Beside] };
            transaction.Put(run with { Document = marked });
            transaction.EmitState(marked);
        }

        return true;
    });
}
