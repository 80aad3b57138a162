using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary><c>/sweeps</c>: preview, create, list, get, edit, pause, resume, cancel, and analysis of the results.</summary>
internal static class SweepEndpoints
{
    public static void MapSweeps(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder sweeps = api.MapGroup("/sweeps").WithTags("Sweeps");
        sweeps.MapPost("/", CreateAsync).Accepts<SweepPlan>("application/json").Produces<SweepDocument>(StatusCodes.Status201Created)
            .Produces<SweepPreview>().ProducesProblem(409).ProducesProblem(422).ProducesProblem(503)
            .WithSummary(
                "Creates a sweep and queues its first runs; dryRun=true only returns a preview with the number of runs and device-hours");
        sweeps.MapGet("/", List).WithSummary("All sweeps, newest first, without their trials");
        sweeps.MapGet("/{id}", Get).WithSummary("One sweep with its trials and its best run");
        sweeps.MapGet("/{id}/runs", Runs).WithSummary("The run documents of a sweep in the order of its trials");
        sweeps.MapGet("/{id}/importance", Importance)
            .WithSummary("Hyper-parameter importance, available from ten completed runs");
        sweeps.MapGet("/{id}/grid", Grid)
            .WithSummary("Two fields of a sweep as the cells of a heat map");
        sweeps.MapDelete("/{id}", Delete).ProducesProblem(409)
            .WithSummary("Deletes an ended sweep; its runs remain, and runs=true deletes them as well, with their files");
        sweeps.MapPatch("/{id}", EditAsync).Accepts<ExperimentPatch>("application/json")
            .ProducesProblem(409).WithSummary("Changes the name and notes of a sweep");
        sweeps.MapPost("/{id}/pause", PauseAsync).ProducesProblem(409)
            .WithSummary("Pauses a sweep: removes its queued runs from the queue and stops the running ones with a checkpoint");
        sweeps.MapPost("/{id}/resume", ResumeAsync).ProducesProblem(409).ProducesProblem(503)
            .WithSummary("Resumes a paused sweep and its stopped runs from their checkpoints");
        sweeps.MapPost("/{id}/cancel", CancelAsync).ProducesProblem(409)
            .WithSummary("Cancels a sweep and its queued and running runs; completed runs remain");
    }

    private static async Task<IResult> CreateAsync(
        HttpRequest request,
        SweepService service,
        [FromHeader(Name = "Idempotency-Key")][StringLength(IdempotentPost.MaximumKey, MinimumLength = 1)] string? key,
        bool? dryRun,
        bool? confirm,
        CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        SweepPlan plan = Checked(RequestBody.Convert<SweepPlan>(body));
        plan = confirm == true ? plan with { Confirm = true } : plan;
        if (dryRun == true)
        {
            return TypedResults.Ok(await service.PreviewAsync(plan, cancellationToken));
        }

        if (key is null)
        {
            SweepDocument created = await service.CreateAsync(plan, cancellationToken);
            return TypedResults.Created(ApiRoutes.Sweep(created.Id), created);
        }

        IdempotentPost.RequireKey(key);
        (string id, string response, bool replayed) = await service.CreateOnceAsync(key, body, plan, cancellationToken);
        return IdempotentPost.Created(request.HttpContext, ApiRoutes.Sweep(id), response, replayed);
    }

    /// <summary>Rejects null members, which JSON allows even where the record's type does not.</summary>
    private static SweepPlan Checked(SweepPlan plan)
    {
        string? missing = plan switch
        {
            { Spec: null } => "spec",
            { Space: null } => "space",
            { Constraints: null } => "constraints",
            { Objective: null } => "objective",
            _ => null,
        };
        return missing is null ? plan : throw ApiFailure.Invalid(missing, $"{missing} must not be null; omit it or set a value.");
    }

    private static Ok<SweepList> List(SweepService service) => TypedResults.Ok(service.List());

    private static Ok<SweepDocument> Get(string id, SweepService service) => TypedResults.Ok(service.Get(id));

    private static Ok<SweepRuns> Runs(string id, SweepService service) => TypedResults.Ok(service.Runs(id));

    private static Ok<SweepImportance> Importance(string id, SweepService service) => TypedResults.Ok(service.Importance(id));

    private static Ok<SweepGrid> Grid(string id, string? x, string? y, SweepService service) => TypedResults.Ok(service.Grid(id, x, y));

    private static NoContent Delete(string id, bool? runs, SweepService service)
    {
        service.Delete(id, withRuns: runs == true);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<SweepDocument>> EditAsync(
        string id, HttpRequest request, SweepService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(service.Edit(id, await ExperimentPatchBody.ReadAsync(request, cancellationToken)));

    private static async Task<Accepted<SweepDocument>> PauseAsync(string id, SweepService service, CancellationToken cancellationToken) =>
        TypedResults.Accepted(ApiRoutes.Sweep(id), await service.PauseAsync(id, cancellationToken));

    private static async Task<Accepted<SweepDocument>> ResumeAsync(string id, SweepService service, CancellationToken cancellationToken) =>
        TypedResults.Accepted(ApiRoutes.Sweep(id), await service.ResumeAsync(id, cancellationToken));

    private static async Task<Accepted<SweepDocument>> CancelAsync(string id, SweepService service, CancellationToken cancellationToken) =>
        TypedResults.Accepted(ApiRoutes.Sweep(id), await service.CancelAsync(id, cancellationToken));
}
