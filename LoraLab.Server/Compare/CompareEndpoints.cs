using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Server.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Store;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Compare;

/// <summary><c>/compare</c>: runs side by side, on the page and as a file.</summary>
internal static class CompareEndpoints
{
    public static void MapCompare(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder compare = api.MapGroup("/compare").WithTags("Compare");
        compare.MapGet("/", Compare).ProducesProblem(400).ProducesProblem(404).WithSummary("Runs side by side: results, and the fields in which they differ");
        compare.MapGet("/export", Export).Produces(200, contentType: "text/csv").ProducesProblem(400).ProducesProblem(404).WithSummary("The comparison as csv, json or tex");
    }

    private static Ok<CompareDocument> Compare(string? runs, IRunStore store) =>
        TypedResults.Ok(Comparison.Of(RunSelection.Parse(runs, store)));

    private static IResult Export(string? runs, string? format, IRunStore store)
    {
        CompareDocument document = Comparison.Of(RunSelection.Parse(runs, store));
        return (format ?? "csv") switch
        {
            "csv" => Download(CompareCsv.Write(document), "text/csv", "csv"),
            "json" => Download(JsonSerializer.Serialize(document, ContractJson.Indented), "application/json", "json"),
            "tex" => Download(CompareTex.Write(document), "application/x-tex", "tex"),
            "svg" => throw ApiFailure.Invalid("format", "format svg is not built yet; use csv, json or tex."),
            _ => throw ApiFailure.Invalid("format", $"There is no format '{format}'; there are csv, json and tex."),
        };
    }

    private static FileContentHttpResult Download(string text, string type, string extension) =>
        TypedResults.File(Encoding.UTF8.GetBytes(text), $"{type}; charset=utf-8", $"compare.{extension}");
}
