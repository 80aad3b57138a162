using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
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
    }

    private static async Task<Ok<IReadOnlyList<MethodDescriptor>>> MethodsAsync(
        TrainerInspector inspector, CancellationToken cancellationToken) =>
        TypedResults.Ok(await inspector.MethodsAsync(cancellationToken));

    private static async Task<Ok<IReadOnlyList<ModelEntry>>> ModelsAsync(TrainerInspector inspector, CancellationToken cancellationToken) =>
        TypedResults.Ok((await inspector.RequestAsync(new InspectRequest { Kind = "models" }, cancellationToken)).Models ?? []);

    private static async Task<Ok<IReadOnlyList<DatasetEntry>>> DatasetsAsync(
        TrainerInspector inspector, CancellationToken cancellationToken) =>
        TypedResults.Ok((await inspector.RequestAsync(new InspectRequest { Kind = "datasets" }, cancellationToken)).Datasets ?? []);
}
