using System.Collections.Concurrent;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Library.Pulls;

/// <summary>
/// Downloads the models that this node lacks, of runs that another node accepted. The download is listed like every other, with this node's
/// name; one that failed is tried again a minute later.
/// </summary>
internal sealed class ModelSupply(
    INodes nodes, TrainerInspector inspector, PullService pulls, TimeProvider time, ILogger<ModelSupply> log) : IRunSupplies
{
    private static readonly TimeSpan _pause = TimeSpan.FromMinutes(1);

    // Until when a model counts as there: it may be deleted.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _known = new();

    public async Task<bool> AreHereAsync(RunDocument run, CancellationToken cancellationToken)
    {
        string name = run.Spec.Model;
        DateTimeOffset now = time.GetUtcNow();
        if (!nodes.AreSeveral || !PullRules.IsModelName(name) || (_known.TryGetValue(name, out DateTimeOffset until) && now < until))
        {
            return true;
        }

        try
        {
            InspectResponse found = await inspector.RequestAsync(new InspectRequest { Kind = "models" }, cancellationToken);
            if ((found.Models ?? []).Any(model => model.Name == name))
            {
                _known[name] = now + _pause;
                return true;
            }

            PullDocument? last = pulls.All.FirstOrDefault(pull => pull.Kind == PullKind.Model && pull.Name == name);
            if (last is null || last.State == PullState.Interrupted || (last.Ended() && now - last.EndedAt > _pause))
            {
                PullDocument pull = pulls.Start(PullKind.Model, new PullRequest { Name = name });
                log.LogInformation("Run {Run} needs {Model}, which this node lacks: download {Pull} fetches it", run.Id, name, pull.Id);
            }

            return false;
        }
        catch (ApiFailure failure)
        {
            log.LogWarning("Run {Run} needs {Model}, which this node lacks ({Reason})", run.Id, name, failure.Message);
            return false;
        }
    }
}
