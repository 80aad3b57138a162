using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Comparison;

/// <summary><c>/compare</c>: runs side by side, as JSON and as exported files.</summary>
internal static class CompareEndpoints
{
    private const int MaximumRows = 1000;
    private const int DefaultRows = 100;
    private const int MaximumText = 1000;

    public static void MapCompare(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder compare = api.MapGroup("/compare").WithTags("Compare");
        compare.MapGet("/", Compare).ProducesProblem(404)
            .WithSummary("Compares runs: results with confidence intervals, pairwise tests, methods over seeds, and differences");
        compare.MapGet("/rows", Rows).ProducesProblem(404).ProducesProblem(409)
            .WithSummary("The rows of two runs with both predictions: all, or those that one of them got right and the other wrong");
        compare.MapGet("/export", Export)
            .Produces<CompareDocument>(
                200, "application/json", "text/csv", "application/x-tex", "image/svg+xml", "image/png", "text/html")
            .ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Exports a comparison as csv (table runs, pairs or methods), json, tex, a picture of a metric (svg or png, with "
                + "metric, theme and mean), or a page to read without a server (html)");
    }

    private static Ok<CompareDocument> Compare([Required] string? runs, ComparedRuns compared) =>
        TypedResults.Ok(RunComparison.Of(compared.Load(runs)));

    private static Ok<CompareRows> Rows(
        [Required] string? runs,
        [AllowedValues("all", "either", "onlyA", "onlyB")] string? show,
        [MaxLength(MaximumText)] string? q,
        [AllowedValues("row", "difference")] string? sort,
        [Range(0, int.MaxValue)] int? offset,
        [Range(1, MaximumRows)] int? limit,
        ComparedRowsReader reader)
    {
        List<FieldError> errors = [];
        Check(
            show is null or "all" or "either" or "onlyA" or "onlyB",
            "show",
            $"show is \"{show}\"; it must be all, either, onlyA or onlyB.");
        Check(sort is null or "row" or "difference", "sort", $"sort is \"{sort}\"; it must be row or difference.");
        Check(q is null or { Length: <= MaximumText }, "q", TextLimits.TooLong("q", q?.Length ?? 0, MaximumText));
        Check(offset is null or >= 0, "offset", $"offset is {offset}; it must not be negative.");
        Check(
            limit is null or (>= 1 and <= MaximumRows),
            "limit",
            $"limit is {limit}; it must be between 1 and {NumberFormat.Count(MaximumRows)} rows.");
        ApiFailure.ThrowIfAny(errors);
        return TypedResults.Ok(reader.Read(
            runs, show, string.IsNullOrEmpty(q) ? null : q, sort == "difference", offset ?? 0, limit ?? DefaultRows));

        void Check(bool holds, string field, string message)
        {
            if (!holds)
            {
                errors.Add(new FieldError(field, message));
            }
        }
    }

    private static IResult Export(
        [Required] string? runs,
        [AllowedValues("csv", "json", "tex", "svg", "png", "html")] string? format,
        [AllowedValues("runs", "pairs", "methods")] string? table,
        [MaxLength(CompareView.LongestKey)] string? metric,
        [AllowedValues("light", "dark")] string? theme,
        bool? mean,
        [AllowedValues("curves", "costs")] string? figure,
        HttpContext context,
        ComparedRuns compared,
        ComparePictures pictures)
    {
        ComparedSelection selection = compared.Load(runs);
        IReadOnlyList<ComparedRun> loaded = selection.Runs;
        CompareDocument document = RunComparison.Of(selection);
        CompareView view = CompareView.Of(metric, theme, mean, figure);
        // Opened in a browser, a page or a picture still runs nothing and loads nothing.
        context.Response.Headers.ContentSecurityPolicy = CompareHtml.Policy;
        return (format ?? "csv") switch
        {
            "csv" => Download(Csv(document, table ?? "runs"), "text/csv", Name("csv", table ?? "runs")),
            "json" => Download(JsonSerializer.Serialize(document, ApiJson.Indented), "application/json", Name("json")),
            "tex" => Download(CompareTex.Write(document), "application/x-tex", Name("tex", "tables")),
            "svg" => TypedResults.File(pictures.Svg(loaded, document, view), "image/svg+xml", view.FileName(loaded, "svg")),
            "png" => TypedResults.File(pictures.Png(loaded, document, view), "image/png", view.FileName(loaded, "png")),
            "html" => Download(pictures.Page(loaded, document, view), "text/html", Name("html")),
            _ => throw ApiFailure.Invalid("format", $"Unknown format '{format}'; use csv, json, tex, svg, png or html."),
        };

        string Name(string extension, string part = "") => FileNames.Of(extension, CompareView.Subject(loaded), part);
    }

    private static string Csv(CompareDocument document, string table) => table switch
    {
        "runs" => CompareCsv.Runs(document),
        "pairs" => CompareCsv.Pairs(document),
        "methods" => CompareCsv.Methods(document),
        _ => throw ApiFailure.Invalid("table", $"Unknown table '{table}'; use runs, pairs or methods."),
    };

    private static FileContentHttpResult Download(string text, string type, string name) =>
        TypedResults.File(Encoding.UTF8.GetBytes(text), $"{type}; charset=utf-8", name);
}
