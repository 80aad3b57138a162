using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using LoraLab.Contracts.Compare;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Comparison;

/// <summary><c>/compare</c>: runs side by side, as JSON and as exported files.</summary>
internal static class CompareEndpoints
{
    public static void MapCompare(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder compare = api.MapGroup("/compare").WithTags("Compare");
        compare.MapGet("/", Compare).ProducesProblem(404)
            .WithSummary("Compares runs: results with confidence intervals, pairwise tests, methods over seeds, and differences");
        compare.MapGet("/export", Export)
            .Produces<CompareDocument>(200, "application/json", "text/csv", "application/x-tex").ProducesProblem(404)
            .WithSummary("Exports a comparison as csv (table runs, pairs or methods), json or tex");
    }

    private static Ok<CompareDocument> Compare([Required] string? runs, ComparedRuns compared) =>
        TypedResults.Ok(RunComparison.Of(compared.Load(runs)));

    private static IResult Export(
        [Required] string? runs,
        [AllowedValues("csv", "json", "tex")] string? format,
        [AllowedValues("runs", "pairs", "methods")] string? table,
        ComparedRuns compared)
    {
        CompareDocument document = RunComparison.Of(compared.Load(runs));
        return (format ?? "csv") switch
        {
            "csv" => Download(Csv(document, table ?? "runs"), "text/csv", "csv"),
            "json" => Download(JsonSerializer.Serialize(document, ApiJson.Indented), "application/json", "json"),
            "tex" => Download(CompareTex.Write(document), "application/x-tex", "tex"),
            "svg" => throw ApiFailure.Invalid("format", "Format 'svg' is not available yet; use csv, json or tex."),
            _ => throw ApiFailure.Invalid("format", $"Unknown format '{format}'; use csv, json or tex."),
        };
    }

    private static string Csv(CompareDocument document, string table) => table switch
    {
        "runs" => CompareCsv.Runs(document),
        "pairs" => CompareCsv.Pairs(document),
        "methods" => CompareCsv.Methods(document),
        _ => throw ApiFailure.Invalid("table", $"Unknown table '{table}'; use runs, pairs or methods."),
    };

    private static FileContentHttpResult Download(string text, string type, string extension) =>
        TypedResults.File(Encoding.UTF8.GetBytes(text), $"{type}; charset=utf-8", $"compare.{extension}");
}
