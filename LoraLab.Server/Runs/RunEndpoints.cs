using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Live;
using LoraLab.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Runs;

/// <summary><c>/runs</c>: submit, list, get, edit, delete, cancel, kill, resume, clone.</summary>
internal static class RunEndpoints
{
    public static RouteGroupBuilder MapRuns(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("/", SubmitAsync).Accepts<RunSpec>("application/json").Produces<RunDocument>(StatusCodes.Status201Created)
            .Produces<DryRunResult>().ProducesProblem(422).ProducesProblem(503)
            .WithSummary("Queues a run; dryRun=true only checks the specification");
        runs.MapGet("/", List).Produces<RunList>()
            .WithSummary("Runs by filter, paged; with fields, items have only these members and their id, for example spec.rank");
        runs.MapGet("/{id}", Get).Produces<RunDocument>().Produces(304).ProducesProblem(412).WithSummary("One run");
        runs.MapPatch("/{id}", EditAsync).Accepts<RunPatch>("application/json")
            .WithSummary("Changes name, notes, tags or priority");
        runs.MapDelete("/{id}", Delete).ProducesProblem(409)
            .WithSummary("Deletes an ended or queued run with its files");
        runs.MapPost("/{id}/cancel", Cancel).ProducesProblem(409).WithSummary("Stops a run; returns immediately");
        runs.MapPost("/{id}/kill", Kill).ProducesProblem(409)
            .WithSummary("Kills a run's worker without a checkpoint; for a worker that does not respond");
        runs.MapPost("/{id}/resume", Resume).ProducesProblem(409)
            .WithSummary("Queues an interrupted, failed or cancelled run at the head; it continues from its last checkpoint");
        runs.MapPost("/{id}/clone", CloneAsync).Accepts<RunSpecChanges>(isOptional: true, "application/json").ProducesProblem(503)
            .WithSummary("Queues the same run again with the changes in the body");
        runs.MapGet("/{id}/clone", Template)
            .WithSummary("What a clone of the run starts from: its specification, in which what was left open is open again");
        runs.MapRunFiles();
        runs.MapRunEvents();
        return runs;
    }

    private static async Task<IResult> SubmitAsync(
        HttpRequest request,
        RunService service,
        [FromHeader(Name = "Idempotency-Key")][StringLength(IdempotentPost.MaximumKey, MinimumLength = 1)] string? key,
        bool? dryRun,
        CancellationToken cancellationToken)
    {
        JsonObject spec = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        if (dryRun == true)
        {
            return TypedResults.Ok(await service.DryRunAsync(spec, cancellationToken));
        }

        if (key is null)
        {
            RunDocument run = await service.SubmitAsync(spec, null, cancellationToken);
            return TypedResults.Created(ApiRoutes.Run(run.Id), run);
        }

        IdempotentPost.RequireKey(key);
        (string id, string body, bool replayed) = await service.SubmitOnceAsync(key, spec, cancellationToken);
        return IdempotentPost.Created(request.HttpContext, ApiRoutes.Run(id), body, replayed);
    }

    private static IResult List(
        RunQuery query,
        [Range(1, RunQuery.MaximumLimit)] int? limit,
        string? cursor,
        [AsParameters] RunListParameters parameters,
        string? fields)
    {
        SparseRuns? sparse = SparseRuns.Parse(fields);
        RunList list = query.List(limit, cursor, parameters);
        return sparse is null ? TypedResults.Ok(list) : TypedResults.Ok(sparse.Of(list));
    }

    private static IResult Get(string id, HttpContext context, IRunStore store)
    {
        StoredRun run = store.Find(id) ?? throw ApiFailure.NoRun(id);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(store.WithQueuePosition(run.Document), ApiJson.Options);
        EntityTagHeaderValue tag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(body))[..20]}\"");
        return TypedResults.File(body, "application/json", entityTag: tag);
    }

    private static async Task<Ok<RunDocument>> EditAsync(
        string id, HttpRequest request, RunService service, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        RunPatch patch = RequestBody.Convert<RunPatch>(body);
        IReadOnlyList<FieldError> errors = [.. RunTextRules.Check(patch)];
        ApiFailure.ThrowIfAny(errors);

        bool clearNotes = body.TryGetPropertyValue("notes", out JsonNode? notes) && notes is null;
        return TypedResults.Ok(service.Edit(id, patch, clearNotes));
    }

    private static NoContent Delete(string id, RunService service)
    {
        service.Delete(id);
        return TypedResults.NoContent();
    }

    private static Accepted<RunDocument> Cancel(string id, RunService service) =>
        TypedResults.Accepted(ApiRoutes.Run(id), service.Cancel(id));

    private static Accepted<RunDocument> Kill(string id, RunService service) =>
        TypedResults.Accepted(ApiRoutes.Run(id), service.Kill(id));

    private static Accepted<RunDocument> Resume(string id, RunService service) =>
        TypedResults.Accepted(ApiRoutes.Run(id), service.Resume(id));

    private static Ok<CloneTemplate> Template(string id, RunService service) => TypedResults.Ok(service.Template(id));

    private static async Task<Created<RunDocument>> CloneAsync(
        string id, HttpRequest request, RunService service, CancellationToken cancellationToken)
    {
        JsonObject changes = await RequestBody.ReadObjectAsync(request, optional: true, cancellationToken);
        RunDocument run = await service.CloneAsync(id, changes, cancellationToken);
        return TypedResults.Created(ApiRoutes.Run(run.Id), run);
    }
}
