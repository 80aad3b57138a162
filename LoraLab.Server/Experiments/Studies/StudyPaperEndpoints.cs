using LoraLab.Server.Experiments.Studies.Figures;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Experiments.Studies;

/// <summary><c>/studies/{id}/paper.zip</c> and <c>/studies/{id}/figures</c>.</summary>
internal static class StudyPaperEndpoints
{
    public static void MapStudyPaper(this RouteGroupBuilder studies)
    {
        studies.MapGet("/{id}/paper.zip", Paper).Produces(200, contentType: "application/zip").ProducesProblem(404).ProducesProblem(409)
            .WithSummary(
                "LaTeX tables, figures, data, numbers, provenance, and a paper.tex that includes them; 409 until a run has completed");
        studies.MapGet("/{id}/figures/{figure}.svg", Svg).Produces(200, contentType: "image/svg+xml").ProducesProblem(404)
            .ProducesProblem(409)
            .WithSummary("A figure as SVG; 409 with the reason if it cannot be drawn yet");
        studies.MapGet("/{id}/figures/{figure}.pdf", Pdf).Produces(200, contentType: "application/pdf").ProducesProblem(404)
            .ProducesProblem(409)
            .WithSummary("A figure as PDF; 409 with the reason if it cannot be drawn yet");
    }

    private static FileContentHttpResult Paper(string id, StudyService service, StudyResults results) =>
        TypedResults.File(results.Paper(service.Get(id)), "application/zip", $"{id}-paper.zip");

    private static FileContentHttpResult Svg(string id, string figure, StudyService service, StudyResults results) =>
        TypedResults.File(results.Figure(service.Get(id), figure, FigureFile.Svg), "image/svg+xml");

    private static FileContentHttpResult Pdf(string id, string figure, StudyService service, StudyResults results) =>
        TypedResults.File(results.Figure(service.Get(id), figure, FigureFile.Pdf), "application/pdf");
}
