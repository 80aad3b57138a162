using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs.Predictions;

/// <summary>Passes questions to trained runs and models on to the trainer, and marks the runs whose times they affect.</summary>
internal sealed class PredictService(
    IRunStore store, PredictionWorker worker, TrainerInspector inspector, AdapterReferences adapters)
{
    /// <summary>Warning of a run beside which predictions were computed.</summary>
    public const string Beside =
        "Predictions were computed beside this run, with one thread; its times are not comparable with those of other runs.";

    /// <summary>Predictions of a run.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or the run cannot predict now.</exception>
    public async Task<PredictResult> PredictAsync(string id, PredictRequest request, CancellationToken cancellationToken)
    {
        (RunDocument run, AdapterChoice which) = adapters.Resolve(id, request.Which);
        PredictCommand command = new()
        {
            Runs = [new AdapterReference(run.Id, which).Text],
            Inputs = request.Inputs,
            TopK = request.TopK,
            Prompt = request.Prompt,
            Generate = request.Generate,
        };
        PredictRules.Check(command);
        RequireAdapter(run, which);
        return (await AskAsync(command, cancellationToken))[0];
    }

    /// <summary>Predictions of a model without an adapter, or of runs side by side.</summary>
    /// <exception cref="ApiFailure">The request is wrong, or cannot be fulfilled now.</exception>
    public async Task<ModelPredictResult> PredictAsync(ModelPredictRequest request, CancellationToken cancellationToken)
    {
        ModelPredictRules.Check(request);
        (RunDocument Run, AdapterChoice Which)[] runs = [.. (request.Runs ?? []).Select(run => adapters.Resolve(run))];
        ModelPredictRules.CheckTogether([.. runs.Select(run => run.Run)], request.Model);
        PredictCommand command = new()
        {
            Runs = [.. runs.Select(run => new AdapterReference(run.Run.Id, run.Which).Text)],
            Model = request.Model,
            Inputs = request.Inputs,
            Template = request.Template,
            Labels = request.Labels,
            TopK = request.TopK,
            Prompt = request.Prompt,
            Generate = request.Generate,
        };
        PredictRules.Check(command);
        foreach ((RunDocument run, AdapterChoice which) in runs)
        {
            RequireAdapter(run, which);
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

    private Task<IReadOnlyList<PredictResult>> AskAsync(PredictCommand command, CancellationToken cancellationToken) =>
        worker.AskAsync(command, Mark, cancellationToken);

    private void RequireAdapter(RunDocument run, AdapterChoice which)
    {
        try
        {
            adapters.Folder(run, which);
        }
        catch (ApiFailure missing)
        {
            throw ApiFailure.Conflict(missing.Code, missing.Message);
        }
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
