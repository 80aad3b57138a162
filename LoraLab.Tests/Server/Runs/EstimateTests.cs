using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary><c>POST /estimate</c> with the real trainer.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class EstimateTests(RealServer real)
{
    [Fact]
    public async Task Estimate_Again_MeansTheSameAndWhatTheCommandSays()
    {
        JsonObject spec = MicroSpec.For("lora");
        MemoryEstimate first = await EstimateAsync(spec);
        for (int i = 0; i < 4; i++)
        {
            // Others in between, so that leftovers of theirs would be detected.
            await EstimateAsync(MicroSpec.For("pissa"));
        }

        MemoryEstimate last = await EstimateAsync(spec);
        using TemporaryFolder folder = new();
        TrainerProgram.Ended command = new TrainerProgram(folder.Path)
            .Run(TimeSpan.FromMinutes(1), "estimate", "--json", "--spec", folder.Write("spec.json", spec.ToJsonString()));
        MemoryEstimate told = JsonSerializer.Deserialize<MemoryEstimate>(command.Output, ContractJson.Options)!;

        Assert.True(first is { Fits: true, BudgetMb: null, Advice: null, Device: "cpu" } && first.Suggestions.Count == 0);
        Assert.True(first.WeightsMb > 0 && first.AdaptersMb > 0 && first.OptimizerMb > first.AdaptersMb && first.ActivationsMb > 0
            && first.LogitsMb > 0 && first.EvaluationMb > 0 && first.ProcessMb > 50);
        Assert.Equal(
            (told.WeightsMb, told.AdaptersMb, told.ActivationsMb, told.LogitsMb),
            (last.WeightsMb, last.AdaptersMb, last.ActivationsMb, last.LogitsMb));
        Assert.InRange(first.TotalMb, 0.85 * told.TotalMb, 1.15 * told.TotalMb);
        Assert.InRange(last.TotalMb, 0.85 * told.TotalMb, 1.15 * told.TotalMb);
    }

    [Fact]
    public async Task Estimate_OverBudget_EverySuggestionFits()
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["effectiveBatch"], spec["trainSamples"], spec["packTokens"]) = (1000, 1000, 100_000);
        // Else the blocks would be computed again, and the run would fit.
        spec["recompute"] = "none";
        double need = (await EstimateAsync(spec)).TotalMb;
        spec["memoryBudgetMb"] = (int)(0.8 * need);

        MemoryEstimate over = await EstimateAsync(spec);

        Assert.False(over.Fits);
        Assert.Contains($"the budget is {NumberFormat.Mebibytes((int)(0.8 * need))}", over.Advice, StringComparison.Ordinal);
        Assert.NotEmpty(over.Suggestions);
        foreach (RunSuggestion suggestion in over.Suggestions)
        {
            JsonObject changed = spec.DeepClone().AsObject();
            foreach ((string field, JsonNode? value) in suggestion.Changes)
            {
                changed[field] = value?.DeepClone();
            }

            MemoryEstimate estimate = await EstimateAsync(changed);
            Assert.True(estimate.TotalMb < 1.05 * estimate.BudgetMb, $"{suggestion.Label}: {estimate.TotalMb} MiB of {estimate.BudgetMb}");
            Assert.Contains(suggestion.Label, over.Advice, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Estimate_BadSpecification_IsTheSameProblemAsASubmission()
    {
        const string Bad = """{"rank": 0, "learningRate": -1, "model": "none"}""";

        JsonObject estimate = await real.Api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Estimate, RunApi.Json(Bad));
        JsonObject submission = await real.Api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(Bad));

        Assert.Equal(submission["errors"]!.ToJsonString(), estimate["errors"]!.ToJsonString());
    }

    private Task<MemoryEstimate> EstimateAsync(JsonObject spec) =>
        real.Api.SendAsync<MemoryEstimate>(HttpMethod.Post, ApiRoutes.Estimate, spec.ToJsonString());
}
