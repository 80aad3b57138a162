using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Estimates;

/// <summary><c>/estimate</c>: the memory that a run would need, and its budget; <c>/queue/forecast</c>.</summary>
internal static class EstimateEndpoints
{
    public static void MapEstimates(this IEndpointRouteBuilder api)
    {
        api.MapPost("/estimate", EstimateAsync).WithTags("Runs")
            .Accepts<RunSpec>("application/json").Produces<MemoryEstimate>().ProducesProblem(503)
            .WithSummary("Peak memory of a specification by component, whether it fits the budget, and changes that would");
        api.MapGet("/queue/forecast", Forecast).WithTags("Queue").WithSummary("When the first 200 queued runs are likely to start and end");
    }

    private static Ok<QueueForecast> Forecast(StartForecast forecast) => TypedResults.Ok(forecast.OfQueue());

    private static async Task<Ok<MemoryEstimate>> EstimateAsync(
        HttpRequest request, EstimateService service, CancellationToken cancellationToken)
    {
        JsonObject spec = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        return TypedResults.Ok(await service.EstimateAsync(spec, cancellationToken));
    }
}
