using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Predictions;

/// <summary><c>/runs/{id}/predict</c>, <c>/predict</c> and <c>/tokenize</c>.</summary>
internal static class PredictEndpoints
{
    public static void MapPredictions(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder predictions = api.MapGroup("").WithTags("Predictions");
        predictions.MapPost("/runs/{id}/predict", PredictAsync).Accepts<PredictRequest>("application/json")
            .ProducesProblem(409).ProducesProblem(503)
            .WithSummary("Scores the labels of inputs with a trained run, or continues a text");
        predictions.MapPost("/predict", PredictWithModelAsync).Accepts<ModelPredictRequest>("application/json")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(503)
            .WithSummary("The same with a model without an adapter, or with up to three runs side by side");
        predictions.MapPost("/tokenize", TokenizeAsync).Accepts<TokenizeRequest>("application/json").RequireScope(Scopes.Read)
            .ProducesProblem(503)
            .WithSummary("Tokens of texts");
    }

    private static async Task<Ok<PredictResult>> PredictAsync(
        string id, HttpRequest request, PredictService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(await service.PredictAsync(
            id, await RequestBody.ReadAsync<PredictRequest>(request, cancellationToken), cancellationToken));

    private static async Task<Ok<ModelPredictResult>> PredictWithModelAsync(
        HttpRequest request, PredictService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(await service.PredictAsync(
            await RequestBody.ReadAsync<ModelPredictRequest>(request, cancellationToken), cancellationToken));

    private static async Task<Ok<TokenizeResult>> TokenizeAsync(
        HttpRequest request, PredictService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(await service.TokenizeAsync(
            await RequestBody.ReadAsync<TokenizeRequest>(request, cancellationToken), cancellationToken));
}
