using System.IO.Compression;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>
/// The smoke size of template <c>methods-2026</c> from submission to paper, with the real trainer; with one seed, since a run takes
/// seconds to start.
/// </summary>
public sealed class FairStudyTests(RealServer real) : IClassFixture<RealServer>
{
    private readonly RunApi _api = real.Api;

    /// <summary>A method of each kind: factors, a decomposition of the weight, a vector without a rank, no adapter.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task Smoke_SomeMethodsOnTheSample_AnswersWithBothTables() =>
        await AnswersAsync(
            """
            {"template":"methods-2026","size":"smoke","seeds":[1],
             "methods":[{"method":"lora"},{"method":"dora"},{"method":"ia3"},{"method":"full"}]}
            """);

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Smoke_AllMethodsOnTheSample_AnswersWithBothTables() =>
        await AnswersAsync("""{"template":"methods-2026","size":"smoke","seeds":[1]}""");

    private async Task AnswersAsync(string request)
    {
        StudyDocument created = await _api.CreateAsync(request);
        StudyDocument study = await _api.WaitForStudyAsync(created.Id, study => study.EndedAt is not null, TimeSpan.FromMinutes(30));

        Assert.Equal((StudyState.Completed, null), (study.State, study.Error));
        foreach ((StudyPart part, string id) in
            new[] { (StudyPart.EqualParameters, "equal-parameters"), (StudyPart.EqualRank, "equal-rank") })
        {
            StudyTable table = study.Tables.Single(table => table.Id == id);
            Assert.Equal(study.Plan.Methods!.Count(method => method.Parts!.Contains(part)), table.Rows.Count);
            Assert.All(table.Rows, row => Assert.Equal("1", row[2].Text));
            Assert.All(table.Rows, row => Assert.True(row[3].Value > 0 && row[4].Value > 0 && row[5].Value > 0));
            Assert.Single(table.Rows, row => row[9].Text == "best");
        }

        using ZipArchive paper = new(await _api.Http.GetStreamAsync(ApiRoutes.Study(study.Id) + "/paper.zip"));
        Assert.NotNull(paper.GetEntry("data/methods.csv"));
        Assert.NotNull(paper.GetEntry("tables/equal-parameters.tex"));
    }
}
