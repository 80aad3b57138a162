using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>The plan of template <c>methods-2026</c>, with the real trainer and the bundled sample.</summary>
public sealed class FairPlanTests(RealServer real) : IClassFixture<RealServer>
{
    private const string Smoke = """{"template":"methods-2026","size":"smoke"}""";

    private readonly RunApi _api = real.Api;

    [Fact]
    public async Task DryRun_EveryMethod_IsInBothPartsOrNamed()
    {
        StudyPreview preview = await PreviewAsync(Smoke);

        IReadOnlyList<StudyMethod> arms = preview.Plan.Methods!;
        foreach (LoraMethod method in LoraMethods.All)
        {
            bool leftOut = preview.Warnings.Any(warning =>
                warning.StartsWith(method.Descriptor.Name, StringComparison.Ordinal)
                && warning.Contains("is left out", StringComparison.Ordinal));
            foreach (StudyPart part in Enum.GetValues<StudyPart>())
            {
                StudyMethod? arm = arms.SingleOrDefault(arm => arm.Method == method.Id && arm.Parts!.Contains(part));
                Assert.True(arm is not null || leftOut, $"{method.Id} is neither in {part} nor left out.");
                bool ranked = !method.Descriptor.UnusedFields.Contains("rank");
                Assert.True(arm is null || (arm.WithoutRank == true) == !ranked);
                Assert.True(arm is null || !ranked || part != StudyPart.EqualRank || (int)arm.Spec!["rank"]! == 4);
            }
        }

        // The scaling stays that of the protocol.
        Assert.All(arms.Where(arm => arm.Spec?["alpha"] is not null && arm.WithoutRank is null && arm.Method == "lora-xs"), arm =>
            Assert.Equal(0.5, (double)arm.Spec!["alpha"]! / (int)arm.Spec["rank"]!));
        Assert.Equal(arms.Count, arms.Select(arm => arm.Key).Distinct().Count());
        Assert.Contains(arms, arm => arm is { Method: "lora-xs", Parts: [StudyPart.EqualParameters] } && (int)arm.Spec!["rank"]! > 4);
    }

    [Fact]
    public async Task DryRun_BudgetOfTheCaller_ChoosesOtherRanks()
    {
        const string Methods = "\"methods\":[{\"method\":\"lora\"},{\"method\":\"lora-xs\"}]";
        StudyPlan own = (await PreviewAsync("{\"template\":\"methods-2026\",\"size\":\"smoke\"," + Methods + "}")).Plan;
        StudyPlan twice = (await PreviewAsync(
            $$"""{"template":"methods-2026","size":"smoke","parameterBudget":{{2 * own.ParameterBudget}},{{Methods}}}""")).Plan;

        Assert.Equal(["lora", "lora-xs", "lora-xs-r4"], own.Methods!.Select(arm => arm.Key));
        Assert.Equal(["lora", "lora-r4", "lora-xs", "lora-xs-r4"], twice.Methods!.Select(arm => arm.Key));
        Assert.Equal(8, (int)twice.Methods![0].Spec!["rank"]!);
        Assert.Equal(4.0, (double)twice.Methods[0].Spec!["alpha"]!);
    }

    [Fact]
    public async Task DryRun_PresetOfAMethod_IsAnArmWithItsSettings()
    {
        StudyPlan plan = (await PreviewAsync(
            """{"template":"methods-2026","size":"smoke","methods":[{"method":"lora"},{"method":"rslora"}]}""")).Plan;

        Assert.Equal(["lora", "rslora"], plan.Methods!.Select(arm => arm.Key));
        Assert.Equal(["lora", "lora"], plan.Methods!.Select(arm => arm.Method));
        Assert.True((bool)plan.Methods![1].Spec!["rankStabilized"]!);
        JsonObject refused = await _api.RefusedAsync(
            HttpStatusCode.BadRequest,
            HttpMethod.Post,
            ApiRoutes.Studies + "?dryRun=true",
            RunApi.Json("""{"seeds":[1],"methods":[{"method":"rslora","spec":{"rankStabilized":false}}]}"""));
        Assert.Contains("rankStabilized must be true for rslora", refused.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRun_CompletedPlan_IsTheSameStudy()
    {
        StudyPreview first = await PreviewAsync("""{"template":"methods-2026","size":"smoke","methods":[{"method":"lora-xs"}]}""");
        JsonObject again = JsonSerializer.SerializeToNode(first.Plan, ContractJson.Options)!.AsObject();
        again["name"] = "again";

        StudyPreview second = await PreviewAsync(again.ToJsonString());

        Assert.Equal(
            JsonSerializer.Serialize(first.Plan, ContractJson.Options),
            JsonSerializer.Serialize(second.Plan with { Name = first.Plan.Name }, ContractJson.Options));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task DryRun_MemoryBudget_LeavesOutAndNames()
    {
        string problem = (await _api.RefusedAsync(
            HttpStatusCode.BadRequest,
            HttpMethod.Post,
            ApiRoutes.Studies + "?dryRun=true",
            RunApi.Json("""{"template":"methods-2026","size":"smoke","spec":{"memoryBudgetMb":64},"methods":[{"method":"lora"}]}""")))
            .ToJsonString();

        Assert.Contains("LoRA at rank 4 is left out: it needs", problem, StringComparison.Ordinal);
    }

    private Task<StudyPreview> PreviewAsync(string body) =>
        _api.SendAsync<StudyPreview>(HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", body);
}
