using Bunit;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Sweeps;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The trials of a sweep, whose runs are named alike.</summary>
public sealed class TrialTableTests : PageTest
{
    [Fact]
    public void Table_OfRunsWhoseNamesBeginAlike_ShowsWhatDiffersAndGroupsDigits()
    {
        SweepDocument sweep = new()
        {
            Id = "S",
            Name = "ranks",
            Plan = new SweepPlan { Space = [new SweepField { Field = "rank", Values = [4, 8] }], Objective = MetricKeys.EvalAccuracy },
            State = SweepState.Running,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            Trials = [Trial(1), Trial(2), new SweepTrial { Number = 3, Values = [] }],
        };

        IRenderedComponent<TrialTable> table = Render<TrialTable>(parameters => parameters.Add(it => it.Sweep, sweep));

        Assert.Equal(["run 1", "run 2"], table.FindAll(".trial-name").Select(name => name.TextContent));
        Assert.Equal("The ranks of a long sweep: run 1", table.Find(".trial-name").GetAttribute("title"));
        Assert.Contains("1,250", table.Find("[data-testid='trial']").TextContent, StringComparison.Ordinal);
        Assert.Contains("not queued yet", table.FindAll("[data-testid='trial']")[2].TextContent, StringComparison.Ordinal);
    }

    private static SweepTrial Trial(int number) => new()
    {
        Number = number,
        Values = [],
        RunId = $"R{number}",
        RunName = $"The ranks of a long sweep: run {number}",
        State = RunState.Running,
        Step = 1250,
    };
}
