using System.ComponentModel;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Experiments.Studies.Figures;
using LoraLab.Server.Experiments.Studies.Paper;
using LoraLab.Server.Infrastructure;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Experiments.Studies;

/// <summary><c>/studies/{id}/paper.zip</c> and <c>/studies/{id}/figures</c>.</summary>
internal static class StudyPaperEndpoints
{
    public static void MapStudyPaper(this RouteGroupBuilder studies)
    {
        studies.MapGet("/{id}/paper.zip", Paper).Produces<Stream>(200, "application/zip").ProducesProblem(409)
            .WithSummary(
                "LaTeX tables, figures, data, numbers, provenance, and a paper.tex that includes them; 409 until a run has completed");
        studies.MapGet("/{id}/figures/{figure}.svg", Svg).Produces<Stream>(200, "image/svg+xml")
            .ProducesProblem(409)
            .WithSummary("A figure as SVG; 409 with the reason if it cannot be drawn yet");
        studies.MapGet("/{id}/figures/{figure}.pdf", Pdf).Produces<Stream>(200, "application/pdf")
            .ProducesProblem(409)
            .WithSummary("A figure as PDF; 409 with the reason if it cannot be drawn yet");
    }

    private static IResult Paper(string id, HttpContext context, StudyService service, StudyResults results)
    {
        StudyDocument study = service.Get(id);
        IEnumerable<(string Name, byte[] Content)> files = results.Paper(study);
        string name = FileNames.Of("zip", FileNames.Part(study.Name), id, "paper");
        return ZipResponse.Of(context, name, (zip, cancellationToken) => PaperZip.AddAsync(zip, files, cancellationToken));
    }

    private static FileContentHttpResult Svg(
        string id,
        string figure,
        [Description("light or dark; light by default")] string? theme,
        StudyService service,
        StudyResults results)
    {
        PlotTheme colors = PlotTheme.Of(theme);
        return TypedResults.File(
            results.Figure(service.Get(id), figure, (drawn, evidence) => FigureFile.Svg(drawn, evidence, colors)), "image/svg+xml");
    }

    private static FileContentHttpResult Pdf(string id, string figure, StudyService service, StudyResults results) =>
        TypedResults.File(results.Figure(service.Get(id), figure, FigureFile.Pdf), "application/pdf");
}
