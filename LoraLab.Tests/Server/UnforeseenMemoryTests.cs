using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Runs that allocate memory unknown to the estimate (<see cref="StartupHook"/>), far more than measurements vary.</summary>
public sealed partial class UnforeseenMemoryTests
{
    private const int Room = 150;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3);

    [Fact]
    [Trait("Category", "Long")]
    public async Task Budget_MissedByTheEstimate_EndsTheRunAtTheProbeAndNamesABudgetThatSuffices()
    {
        // The estimate caches the decomposition, and a window of many passes remains to be probed.
        JsonObject spec = MicroSpec.For("pissa");
        (spec["effectiveBatch"], spec["trainSamples"], spec["packTokens"], spec["evalSamples"]) = (800, 800, 256, 8);

        (RunDocument run, int budget) = await EndAsync(spec, after: "/cache/svd/");

        Assert.Equal((RunState.Failed, EndReason.BudgetExceeded), (run.State, run.EndReason));
        Assert.Equal(0, run.Progress.Step);
        Match largest = LargestWindow().Match(run.Error!);
        Assert.True(largest.Success, run.Error);
        int measured = int.Parse(largest.Groups[1].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.InRange(measured, budget, budget + StartupHook.Megabytes);
        Assert.Contains($"the budget is {NumberFormat.Mebibytes(budget)}", run.Error, StringComparison.Ordinal);
        RunSuggestion larger = Assert.Single(run.Suggestions, suggestion => suggestion.Changes.ContainsKey("memoryBudgetMb"));
        Assert.InRange((int)larger.Changes["memoryBudgetMb"]!, measured, 2 * measured);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Budget_ExceededAfterTheProbe_IsFlaggedAndTheRunGoesOn()
    {
        // The first checkpoint is written before the first step.
        JsonObject spec = MicroSpec.For("lora");
        (spec["effectiveBatch"], spec["trainSamples"], spec["evalEvery"], spec["evalSamples"]) = (40, 800, 5, 64);

        (RunDocument run, int budget) = await EndAsync(spec, after: "/checkpoints/");

        Assert.Equal((RunState.Completed, EndReason.Finished), (run.State, run.EndReason));
        Assert.InRange(run.Attempts[0].Environment!.ProbeMemoryMb!.Value, 1, budget);
        Assert.InRange(run.Summary.BudgetExceededMb!.Value, 1, StartupHook.Megabytes);
        Assert.Single(run.Warnings, warning =>
            warning.Contains($"above the budget of {NumberFormat.Mebibytes(budget)}", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"The gradient of the run's largest window needs ([\d,]+) MiB")]
    private static partial Regex LargestWindow();

    /// <summary>The run with a budget that would suffice without the extra memory.</summary>
    /// <param name="spec">The specification, without a budget.</param>
    /// <param name="after">Part of the path of the file after which it allocates the extra memory.</param>
    private static async Task<(RunDocument Run, int Budget)> EndAsync(JsonObject spec, string after)
    {
        await using ServerProcess server = await ServerProcess.StartAsync(new ServerSetup
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
                [StartupHook.After] = after,
            },
        });
        RunApi api = new(server.Http);
        MemoryEstimate estimate = await api.SendAsync<MemoryEstimate>(HttpMethod.Post, "/api/v1/estimate", spec.ToJsonString());
        int budget = (int)estimate.TotalMb + Room;
        spec["memoryBudgetMb"] = budget;
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync(spec.ToJsonString())).Id, _patience);
        return (run, budget);
    }
}
