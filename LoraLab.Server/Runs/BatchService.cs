using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs;

/// <summary>Queues several runs in one transaction, after all of them were checked: all of them, or none.</summary>
internal sealed class BatchService(IRunStore store, RunAdmission admission, Idempotency idempotency, Lanes lanes)
{
    public async Task<BatchDryRun> DryRunAsync(IReadOnlyList<JsonObject> specs, CancellationToken cancellationToken)
    {
        HashSet<string> names = [];
        List<DryRunResult> results = [];
        foreach (AdmittedRun run in await CheckAsync(specs, cancellationToken))
        {
            string name = RunAdmission.NameOf(run.Valid, candidate => names.Contains(candidate) || store.HasName(candidate));
            names.Add(name);
            results.Add(RunAdmission.DryRun(run.Valid, name));
        }

        return new BatchDryRun(results);
    }

    public async Task<BatchResult> SubmitAsync(IReadOnlyList<JsonObject> specs, CancellationToken cancellationToken) =>
        Insert(await CheckAsync(specs, cancellationToken), response: null);

    /// <summary>Submits once per key: the same key and body return the stored response, another body is rejected.</summary>
    public async Task<(string Body, bool Replayed)> SubmitOnceAsync(
        string key, JsonObject body, IReadOnlyList<JsonObject> specs, CancellationToken cancellationToken)
    {
        string hash = Idempotency.HashOf("batch", body.ToJsonString());
        (_, string response, bool replayed) = await idempotency.CreateAsync(
            key, hash, async () => Insert(await CheckAsync(specs, cancellationToken), (key, hash)), cancellationToken);
        return (response, replayed);
    }

    /// <summary>Checks every run, so that the errors of all of them are known at once.</summary>
    private async Task<IReadOnlyList<AdmittedRun>> CheckAsync(IReadOnlyList<JsonObject> specs, CancellationToken cancellationToken)
    {
        List<AdmittedRun> admitted = [];
        List<FieldError> errors = [];
        for (int i = 0; i < specs.Count; i++)
        {
            try
            {
                admitted.Add(await admission.CheckAsync(specs[i], cancellationToken));
            }
            catch (ApiFailure failure) when (failure.Errors is not null)
            {
                errors.AddRange(failure.Errors.SelectMany(field => field.Value.Select(message => new FieldError(
                    BatchRequest.ErrorKey(i, field.Key), $"{BatchRequest.ErrorKey(i, null)}: {message}"))));
            }
        }

        ApiFailure.ThrowIfAny(errors);
        return admitted;
    }

    private BatchResult Insert(IReadOnlyList<AdmittedRun> runs, (string Key, string Hash)? response)
    {
        AdmittedRun[] named = [.. runs.Select(admission.WithId)];
        BatchResult result = store.Transact(StoreScope.Queue, transaction =>
        {
            admission.RequireQueueCapacity(transaction, named.Length);
            BatchResult queued = new(
                [.. named.Select(run => RunAdmission.Add(transaction, run)).Select(run => new BatchRun(run.Id, run.Name))]);
            if (response is (string key, string hash))
            {
                transaction.PutResponse(new StoredResponse(
                    key, hash, queued.Items[0].Id, JsonSerializer.Serialize(queued, ApiJson.Options), transaction.Now));
            }

            return queued;
        });
        lanes.Wake();
        return result;
    }
}
