using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Claims, tables, figures and <c>paper.zip</c> of a study through the API of a real server with the scripted worker.</summary>
public sealed class StudyPaperTests(ScriptedServer scripted) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = scripted.Api;

    [Fact]
    public async Task Study_ThatEnded_ShowsClaimsTablesAndFiguresAndPrintsThem()
    {
        StudyDocument study =
            await _api.WaitForEndOfStudyAsync((await _api.CreateAsync(StudyApi.TwoMethods("printed & _100%_ {}", "fingerprint"))).Id);

        Assert.Equal(
            ["best-ratio", "equal-product", "swapped-init", "lora-xs-memory", "pissa-faster", "fits-8gb"],
            study.Claims.Select(claim => claim.Id));
        Assert.All(study.Claims, claim => Assert.StartsWith("on sample, sample: ", claim.Finding, StringComparison.Ordinal));
        Assert.Equal(ClaimVerdict.Inconclusive, study.Claims.Single(claim => claim.Id == "pissa-faster").Verdict);
        Assert.Equal(["protocol", "hyper-parameters-lora", "hyper-parameters-pissa", "final"], study.Tables.Select(table => table.Id));
        await AssertFinalAsync(study);

        byte[] zip = await scripted.Server.Http.GetByteArrayAsync(ApiRoutes.Study(study.Id, "paper.zip"));
        Assert.Equal(zip, await scripted.Server.Http.GetByteArrayAsync(ApiRoutes.Study(study.Id, "paper.zip")));
        foreach (StudyFigure figure in study.Figures.Where(figure => figure.UnavailableReason is null))
        {
            using HttpResponseMessage svg = await scripted.Server.Http.GetAsync(ApiRoutes.Study(study.Id, $"figures/{figure.Id}.svg"));
            using HttpResponseMessage pdf = await scripted.Server.Http.GetAsync(ApiRoutes.Study(study.Id, $"figures/{figure.Id}.pdf"));
            Assert.Equal(
                ("image/svg+xml", "application/pdf"),
                (svg.Content.Headers.ContentType?.MediaType, pdf.Content.Headers.ContentType?.MediaType));
            Assert.Equal(Entry(zip, $"figures/{figure.Id}.svg"), await svg.Content.ReadAsByteArrayAsync());
            Assert.Equal(Entry(zip, $"figures/{figure.Id}.pdf"), await pdf.Content.ReadAsByteArrayAsync());
        }

        Assert.Contains(study.Figures, figure => figure is { Id: "convergence", UnavailableReason: null });
        JsonNode provenance = JsonNode.Parse(Entry(zip, "provenance.json"))!;
        Assert.Equal(study.Runs.Select(run => run.RunId), provenance["runs"]!.AsArray().Select(run => (string?)run!["runId"]));
        using TemporaryFolder folder = new();
        using (ZipArchive archive = new(new MemoryStream(zip)))
        {
            archive.ExtractToDirectory(folder.Path);
        }

        Latex.Compile(folder.Path, "paper.tex");
    }

    [Fact]
    public async Task Study_WithoutAFinishedRun_HasNoPaperYetAndSaysSo()
    {
        StudyDocument study =
            await _api.CreateAsync("""{"name":"slow","seeds":[1],"spec":{"notes":"steps=500 delay=100"},"methods":[{"method":"lora"}]}""");

        Assert.Equal(
            "noFinishedRun",
            (string?)(await _api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Get, ApiRoutes.Study(study.Id, "paper.zip")))["code"]);
        JsonObject missing = await _api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Get, ApiRoutes.Study(study.Id, "figures/convergence.svg"));
        Assert.Equal("No run on the reported split has finished.", (string?)missing["detail"]);
        StudyDocument now = await _api.StudyAsync(study.Id);
        Assert.All(now.Claims, claim => Assert.Equal(ClaimVerdict.NotRun, claim.Verdict));
        Assert.All(now.Figures, figure => Assert.NotNull(figure.UnavailableReason));
        await _api.SendAsync<StudyDocument>(HttpMethod.Post, ApiRoutes.Study(study.Id, "cancel"), "{}", HttpStatusCode.Accepted);
        await _api.WaitForEndOfStudyAsync(study.Id);
    }

    [Fact]
    public async Task Figure_ThatIsNot_IsNotFound()
    {
        StudyDocument study = await _api.WaitForEndOfStudyAsync(
            (await _api.CreateAsync("""{"name":"one","seeds":[1],"spec":{"notes":"steps=1 delay=1"},"methods":[{"method":"lora"}]}""")).Id);

        Assert.Equal("figureNotFound", (string?)(await _api.RefusedAsync(
            HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Study(study.Id, "figures/figure-7.svg")))["code"]);
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Study(study.Id, "figures/convergence.png"));
        Assert.Equal(
            "studyNotFound",
            (string?)(await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Study("none", "paper.zip")))["code"]);
    }

    /// <summary>Recomputes the means from the API's predictions, independently of the server's code.</summary>
    private async Task AssertFinalAsync(StudyDocument study)
    {
        StudyTable final = study.Tables.Single(table => table.Id == "final");
        foreach (StudyArm arm in study.Arms)
        {
            List<double> accuracies = [];
            foreach (StudyRun run in study.Runs.Where(run => run.Method == arm.Method && run.Stage == StudyStage.Reported))
            {
                PredictionSet set = await _api.ReadAsync<PredictionSet>(ApiRoutes.Run(run.RunId, "predictions"));
                accuracies.Add(100.0 * set.Items.Count(item => item.Label == item.Predicted) / set.Items.Count);
            }

            IReadOnlyList<StudyTableCell> row = final.Rows.Single(row => row[0].Text == arm.Label);
            Assert.Equal(accuracies.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), row[1].Text);
            Assert.Equal(accuracies.Average(), row[2].Value!.Value, 1e-9);
        }
    }

    private static byte[] Entry(byte[] zip, string name)
    {
        using ZipArchive archive = new(new MemoryStream(zip));
        using Stream stream = archive.GetEntry(name)!.Open();
        using MemoryStream content = new();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
