using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs;

/// <summary>Metric series of one run and of several.</summary>
internal static class MetricEndpoints
{
    public static void MapMetrics(this IEndpointRouteBuilder api)
    {
        api.MapGet("/runs/{id}/metrics", One).WithTags("Metrics").WithSummary("Metric series of a run as columns; "
            + "keys=a,b selects series, attempt=N returns all points of that attempt, including superseded ones");
        api.MapGet("/metrics", Many).WithTags("Metrics").ProducesProblem(404)
            .WithSummary("Metric series of several runs in one call");
    }

    private static Ok<RunMetrics> One(string id, string? keys, [Range(1, int.MaxValue)] int? attempt, IRunStore store)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        if (attempt is int number && run.Document.Attempts.All(known => known.Number != number))
        {
            throw ApiFailure.NoAttempt(id, number);
        }

        return TypedResults.Ok(new RunMetrics(id, store.ReadSeries(id, Keys(keys), attempt)));
    }

    private static Ok<IReadOnlyList<RunMetrics>> Many([Required] string? runs, string? keys, IRunStore store)
    {
        IReadOnlyCollection<string>? wanted = Keys(keys);
        IReadOnlyList<RunMetrics> all =
            [.. RunSelection.Parse(runs, store).Select(run => new RunMetrics(run.Id, store.ReadSeries(run.Id, wanted)))];
        return TypedResults.Ok(all);
    }

    private static HashSet<string>? Keys(string? keys) =>
        string.IsNullOrWhiteSpace(keys)
            ? null
            : [.. keys.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
