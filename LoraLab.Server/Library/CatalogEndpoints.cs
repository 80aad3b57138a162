using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Workers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Library;

/// <summary>Catalog endpoints: the methods, models and datasets that the trainer knows.</summary>
internal static class CatalogEndpoints
{
    public static void MapCatalog(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder catalog = api.MapGroup("").WithTags("Catalog");
        catalog.MapGet("/methods", MethodsAsync).ProducesProblem(503).WithSummary("Methods with their options, defaults and JSON Schema");
        catalog.MapGet("/models", ModelsAsync).ProducesProblem(503).WithSummary("Model folders under the configured roots");
        catalog.MapGet("/datasets", DatasetsAsync).ProducesProblem(503).WithSummary("Dataset folders under the configured roots");
        catalog.MapGet("/dataset-rows", RowsAsync).ProducesProblem(503).WithSummary("Rows of a dataset as text");
        catalog.MapDelete("/models/{name}", DeleteModelAsync).RequireScope(Scopes.Admin).ProducesProblem(409).ProducesProblem(503)
            .WithSummary("Deletes a model that the server downloaded, unless something uses it");
        catalog.MapDelete("/datasets/{name}", DeleteDatasetAsync).RequireScope(Scopes.Admin).ProducesProblem(409).ProducesProblem(503)
            .WithSummary("Deletes a dataset that was uploaded or downloaded, unless something uses it");
        // The same with a slash that is not escaped.
        catalog.MapDelete("/models/{owner}/{name}", DeleteModelOfAsync).RequireScope(Scopes.Admin).ExcludeFromDescription();
        catalog.MapDelete("/datasets/{owner}/{name}", DeleteDatasetOfAsync).RequireScope(Scopes.Admin).ExcludeFromDescription();
    }

    private static async Task<Ok<IReadOnlyList<MethodDescriptor>>> MethodsAsync(
        TrainerInspector inspector, CancellationToken cancellationToken) =>
        TypedResults.Ok(await inspector.MethodsAsync(cancellationToken));

    private static async Task<Ok<IReadOnlyList<ModelEntry>>> ModelsAsync(
        TrainerInspector inspector, LibraryFolders folders, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelEntry> models =
            (await inspector.RequestAsync(new InspectRequest { Kind = "models" }, cancellationToken)).Models ?? [];
        return TypedResults.Ok<IReadOnlyList<ModelEntry>>(
            [.. models.Select(model => model with { Deletable = folders.CanDelete(PullKind.Model, model.Name) })]);
    }

    private static async Task<Ok<IReadOnlyList<DatasetEntry>>> DatasetsAsync(
        TrainerInspector inspector, LibraryFolders folders, CancellationToken cancellationToken)
    {
        IReadOnlyList<DatasetEntry> datasets =
            (await inspector.RequestAsync(new InspectRequest { Kind = "datasets" }, cancellationToken)).Datasets ?? [];
        return TypedResults.Ok<IReadOnlyList<DatasetEntry>>(
            [.. datasets.Select(data => data with { Deletable = folders.CanDelete(PullKind.Dataset, data.Name) })]);
    }

    private static async Task<Ok<DatasetRows>> RowsAsync(
        [Required, MinLength(1), MaxLength(PullRequest.MaximumText)] string name,
        [AllowedValues(DatasetRows.Train, DatasetRows.Eval)] string? split,
        [Range(0, int.MaxValue)] int? offset,
        [Range(1, DatasetRows.MaximumRows)] int? limit,
        TrainerInspector inspector,
        CancellationToken cancellationToken)
    {
        List<FieldError> errors = [];
        if (split is not (null or DatasetRows.Train or DatasetRows.Eval))
        {
            errors.Add(new("split", $"split is \"{ApiFailure.Shorten(split)}\"; it must be {DatasetRows.Train} or {DatasetRows.Eval}."));
        }

        if (offset is < 0)
        {
            errors.Add(new("offset", $"offset is {offset}; it must not be negative."));
        }

        if (limit is < 1 or > DatasetRows.MaximumRows)
        {
            errors.Add(new("limit", $"limit is {limit}; it must be between 1 and {NumberFormat.Count(DatasetRows.MaximumRows)} rows."));
        }

        ApiFailure.ThrowIfAny(errors);
        const int DefaultRows = 10;
        InspectResponse response = await inspector.RequestAsync(
            new() { Kind = "rows", Rows = new(name, split ?? DatasetRows.Train, offset ?? 0, limit ?? DefaultRows) }, cancellationToken);
        return response switch
        {
            { Rows: { } rows } => TypedResults.Ok(rows),
            { FieldError: { } error } => throw ApiFailure.Invalid(error.Field, error.Message),
            _ => throw ApiFailure.Unavailable("trainerUnavailable", "The trainer did not return rows."),
        };
    }

    private static Task<NoContent> DeleteModelAsync(string name, LibraryFolders folders, CancellationToken cancellationToken) =>
        DeleteAsync(PullKind.Model, name, folders, cancellationToken);

    private static Task<NoContent> DeleteDatasetAsync(string name, LibraryFolders folders, CancellationToken cancellationToken) =>
        DeleteAsync(PullKind.Dataset, name, folders, cancellationToken);

    private static Task<NoContent> DeleteModelOfAsync(
        string owner, string name, LibraryFolders folders, CancellationToken cancellationToken) =>
        DeleteAsync(PullKind.Model, $"{owner}/{name}", folders, cancellationToken);

    private static Task<NoContent> DeleteDatasetOfAsync(
        string owner, string name, LibraryFolders folders, CancellationToken cancellationToken) =>
        DeleteAsync(PullKind.Dataset, $"{owner}/{name}", folders, cancellationToken);

    private static async Task<NoContent> DeleteAsync(
        PullKind kind, string name, LibraryFolders folders, CancellationToken cancellationToken)
    {
        // Routing leaves an escaped slash as it is.
        await folders.DeleteAsync(kind, Uri.UnescapeDataString(name), cancellationToken);
        return TypedResults.NoContent();
    }
}
