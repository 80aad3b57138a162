using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Built-in templates and bundled plans, validated by the real trainer.</summary>
public sealed class StudySampleTests(RealServer real) : IClassFixture<RealServer>
{
    private readonly RunApi _api = real.Api;

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(Fixtures.RepositoryRoot, "samples", "studies"), "*.json")
        .Select(path => Path.GetFileName(path)!)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task DryRun_BundledStudy_IsAccepted(string file)
    {
        string json = await File.ReadAllTextAsync(Path.Combine(Fixtures.RepositoryRoot, "samples", "studies", file));

        StudyPreview preview = await _api.SendAsync<StudyPreview>(HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", json);

        Assert.True(preview.ReportedRuns > 0);
        Assert.Null(preview.Plan.Template);
    }

    [Theory]
    [InlineData("smoke", 10, 10)]
    [InlineData("figure-1", 0, 9)]
    [InlineData("full", 25, 25)]
    public async Task DryRun_SizesOfTheTemplate_CountTheirRunsAndProposeTheToyProfile(string size, int selection, int reported)
    {
        StudyPreview preview = await _api.SendAsync<StudyPreview>(
            HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", $$"""{"template":"better-call-lora","size":"{{size}}"}""");

        Assert.Equal((selection, reported, "toy"), (preview.SelectionRuns, preview.ReportedRuns, preview.Plan.Profile));
        Assert.Equal(
            (4, "sample", $"better-call-lora {size} sample"), ((int)preview.Plan.Spec!["rank"]!, preview.Plan.Model, preview.Plan.Name));
        Assert.NotEmpty(preview.Basis);
    }

    [Fact]
    public async Task DryRun_FourBit_HasAnArmForEachFormOfTheBase()
    {
        StudyPreview preview = await _api.SendAsync<StudyPreview>(
            HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", """{"template":"four-bit","size":"smoke"}""");

        Assert.Equal(["lora", "lora-nf4", "lora-nf4-double"], preview.Plan.Methods!.Select(method => method.Key));
        Assert.Equal(
            ["asStored", "nf4", "nf4-double"], preview.Plan.Methods!.Select(method => (string)method.Spec!["baseWeights"]!));
        Assert.Equal((0, 6), (preview.SelectionRuns, preview.ReportedRuns));
    }

    [Fact]
    public async Task DryRun_ProfileAndOverrides_AreThoseOfThePaperWhereAsked()
    {
        StudyPreview preview = await _api.SendAsync<StudyPreview>(
            HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", """{"template":"better-call-lora","size":"figure-"""
                + """1","profile":"tinyllama","seeds":[5,6],"spec":{"alpha":8,"trainSamples":3200}}""");

        Assert.Equal(
            (0, 18, 32, 8.0),
            (preview.SelectionRuns, preview.ReportedRuns, (int)preview.Plan.Spec!["rank"]!, (double)preview.Plan.Spec["alpha"]!));
        StudyMethod method = Assert.Single(preview.Plan.Methods!);
        Assert.Equal([1e-5, 5e-5, 1e-4], method.Grid!["learningRate"].Select(rate => (double)rate));
        Assert.Equal([1e-4, 2e-4, 4e-4], method.Grid["learningRateB"].Select(rate => (double)rate));
        Assert.Equal((200, 1250), ((int)preview.Plan.Spec["maxSteps"]!, (int)preview.Plan.Spec["scheduleSteps"]!));
    }

    [Fact]
    public async Task DryRun_AfterARun_KnowsThePace()
    {
        StudyPreview before = await _api.SendAsync<StudyPreview>(
            HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", """{"template":"better-call-lora","size":"smoke"}""");
        RunDocument run = await _api.WaitForEndAsync((await _api.SubmitAsync(MicroSpec.For("lora").ToJsonString())).Id);
        StudyPreview after = await _api.SendAsync<StudyPreview>(
            HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", """{"template":"better-call-lora","size":"smoke"}""");

        Assert.Null(before.DeviceHours);
        Assert.Contains("no time estimate", before.Basis, StringComparison.Ordinal);
        // 20 runs of 320 sentences and three evaluations of 200 rows, with the timing of that run.
        double seconds = 20 * ((320 * run.Summary.TrainSeconds!.Value / 32) + (600 * run.Summary.EvalSeconds!.Value / 96)
            + run.Summary.LoadSeconds!.Value);
        Assert.Equal(seconds / 3600, after.DeviceHours!.Value, seconds / 3600 * 1e-6);
    }

    [Fact]
    public async Task Templates_AreListedWithTheirPlans()
    {
        IReadOnlyList<StudyTemplate> templates = await _api.ReadAsync<IReadOnlyList<StudyTemplate>>(ApiRoutes.StudyTemplates);

        Assert.Equal(["better-call-lora", "methods-2026", "four-bit"], templates.Select(template => template.Id));
        StudyTemplate template = templates[0];
        Assert.Equal(["smoke", "figure-1", "full"], template.Sizes.Select(size => size.Id));
        // Five methods, the same number of tuning runs for each.
        StudyPlan full = template.Sizes[2].Plan;
        Assert.Equal((5, 5), (full.Methods!.Count, full.Seeds!.Count));
        Assert.Single(full.Methods.Select(method => method.Grid!.Values.Aggregate(1, (count, values) => count * values.Count)).Distinct());
        Assert.Equal(["smoke", "full"], templates[1].Sizes.Select(size => size.Id));
        Assert.All(templates[1].Sizes, size =>
            Assert.Equal(LoraMethods.All.Select(method => method.Id), size.Plan.Methods!.Select(method => method.Method)));
    }
}
