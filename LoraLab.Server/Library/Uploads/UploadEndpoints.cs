using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Library.Uploads;

/// <summary><c>POST /datasets</c> and <c>/uploads</c>.</summary>
internal static class UploadEndpoints
{
    private const string Form = "multipart/form-data";

    public static void MapUploads(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder uploads = api.MapGroup("").WithTags("Catalog");
        uploads.MapPost("/datasets", AddAsync).Accepts<UploadForm>(Form)
            .Produces<DatasetEntry>(StatusCodes.Status201Created).Produces<DatasetPreview>()
            .ProducesProblem(409).ProducesProblem(422).ProducesProblem(503)
            .WithSummary("Makes a dataset of uploaded files; dryRun=true only shows what it would be");
        uploads.MapPost("/uploads", CreateAsync).Accepts<UploadForm>(Form).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503)
            .WithSummary("Uploads files and shows what they would be as a dataset; they wait a day to be kept");
        uploads.MapGet("/uploads", static (UploadService service) => TypedResults.Ok(new UploadList(service.All)))
            .WithSummary("Uploads that are not kept yet, the latest first");
        uploads.MapGet("/uploads/{id}", static (string id, UploadService service) => TypedResults.Ok(service.Get(id)))
            .WithSummary("An upload with its preview");
        uploads.MapPatch("/uploads/{id}", ChangeAsync).Accepts<UploadPatch>("application/json")
            .ProducesProblem(409).ProducesProblem(422).ProducesProblem(503)
            .WithSummary("Changes name, columns, labels, split or model of an upload, and previews it again");
        uploads.MapPost("/uploads/{id}/keep", KeepAsync).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503)
            .WithSummary("Makes an upload a dataset");
        uploads.MapDelete("/uploads/{id}", DeleteAsync).RequireScope(Scopes.Submit).ProducesProblem(409)
            .WithSummary("Deletes an upload that is not kept");
    }

    private static async Task<IResult> AddAsync(
        HttpRequest request, bool? dryRun, UploadService service, CancellationToken cancellationToken)
    {
        UploadDocument upload = await service.CreateAsync(request, cancellationToken);
        try
        {
            return dryRun == true
                ? TypedResults.Ok(upload.Preview)
                : TypedResults.Created(ApiRoutes.Datasets, await service.KeepAsync(upload.Id, cancellationToken));
        }
        finally
        {
            service.Forget(upload.Id);
        }
    }

    private static async Task<Created<UploadDocument>> CreateAsync(
        HttpRequest request, UploadService service, CancellationToken cancellationToken)
    {
        UploadDocument upload = await service.CreateAsync(request, cancellationToken);
        return TypedResults.Created(ApiRoutes.Upload(upload.Id), upload);
    }

    private static async Task<Ok<UploadDocument>> ChangeAsync(
        string id, HttpRequest request, UploadService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(await service.ChangeAsync(
            id, await RequestBody.ReadAsync<UploadPatch>(request, cancellationToken), cancellationToken));

    private static async Task<Created<DatasetEntry>> KeepAsync(string id, UploadService service, CancellationToken cancellationToken) =>
        TypedResults.Created(ApiRoutes.Datasets, await service.KeepAsync(id, cancellationToken));

    private static async Task<NoContent> DeleteAsync(string id, UploadService service)
    {
        await service.DeleteAsync(id);
        return TypedResults.NoContent();
    }
}
