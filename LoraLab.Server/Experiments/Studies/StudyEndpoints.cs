using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Studies.Templates;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Workers;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace LoraLab.Server.Experiments.Studies;

/// <summary><c>/studies</c> and <c>/study-templates</c>.</summary>
internal static class StudyEndpoints
{
    public static RouteGroupBuilder MapStudies(this IEndpointRouteBuilder api)
    {
        api.MapGet("/study-templates", TemplatesAsync).ProducesProblem(503).WithTags("Studies")
            .WithSummary("Built-in study templates with their sizes");
        RouteGroupBuilder studies = api.MapGroup("/studies").WithTags("Studies");
        studies.MapPost("/", CreateAsync).Accepts<StudyPlan>("application/json").Produces<StudyDocument>(StatusCodes.Status201Created)
            .Produces<StudyPreview>().ProducesProblem(409).ProducesProblem(422).ProducesProblem(503)
            .WithSummary(
                "Creates a study and queues its first runs; dryRun=true only returns a preview, confirm=true allows more than 500 runs");
        studies.MapGet("/", List).WithSummary("All studies, newest first, without their runs");
        studies.MapGet("/{id}", Get).WithSummary("One study with its runs, claims, tables and figures");
        studies.MapDelete("/{id}", Delete).ProducesProblem(409)
            .WithSummary("Deletes an ended study; its runs remain, and runs=true deletes them as well, with their files");
        studies.MapPatch("/{id}", EditAsync).Accepts<ExperimentPatch>("application/json")
            .ProducesProblem(409).WithSummary("Changes the name and notes of a study");
        studies.MapPost("/{id}/cancel", CancelAsync).ProducesProblem(409)
            .WithSummary("Cancels a study and its queued runs and requests its running runs to stop; returns immediately");
        return studies;
    }

    private static async Task<Ok<IReadOnlyList<StudyTemplate>>> TemplatesAsync(
        TrainerInspector inspector, CancellationToken cancellationToken) =>
        TypedResults.Ok(StudyTemplates.Describe(await inspector.MethodsAsync(cancellationToken)));

    private static async Task<IResult> CreateAsync(
        HttpRequest request,
        StudyService service,
        [FromHeader(Name = "Idempotency-Key")][StringLength(IdempotentPost.MaximumKey, MinimumLength = 1)] string? key,
        bool? dryRun,
        bool? confirm,
        CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        if (dryRun == true)
        {
            return TypedResults.Ok(await service.PreviewAsync(body, confirm == true, cancellationToken));
        }

        if (key is null)
        {
            StudyDocument study = await service.CreateAsync(body, confirm == true, cancellationToken);
            return TypedResults.Created(ApiRoutes.Study(study.Id), study);
        }

        IdempotentPost.RequireKey(key);
        (string id, string response, bool replayed) = await service.CreateOnceAsync(key, body, confirm == true, cancellationToken);
        return IdempotentPost.Created(request.HttpContext, ApiRoutes.Study(id), response, replayed);
    }

    private static Ok<StudyList> List(StudyService service) => TypedResults.Ok(new StudyList(service.List()));

    private static Ok<StudyDocument> Get(string id, StudyService service, StudyResults results) =>
        TypedResults.Ok(results.Complete(service.Get(id)));

    private static NoContent Delete(string id, bool? runs, StudyService service)
    {
        service.Delete(id, withRuns: runs == true);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<StudyDocument>> EditAsync(
        string id, HttpRequest request, StudyService service, StudyResults results, CancellationToken cancellationToken) =>
        TypedResults.Ok(results.Complete(service.Edit(id, await ExperimentPatchBody.ReadAsync(request, cancellationToken))));

    private static async Task<Accepted<StudyDocument>> CancelAsync(string id, StudyService service, CancellationToken cancellationToken) =>
        TypedResults.Accepted(ApiRoutes.Study(id), await service.CancelAsync(id, cancellationToken));
}
