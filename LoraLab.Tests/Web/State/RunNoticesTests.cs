using System.Text.Json;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.State;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Web.State;

/// <summary>Notices when runs end: asked for only on a click, and one per end.</summary>
public sealed class RunNoticesTests : PageTest
{
    private static readonly DateTimeOffset _later = TimeProvider.System.GetUtcNow().AddHours(1);

    private RunNotices Notices => Services.GetRequiredService<RunNotices>();

    [Fact]
    public async Task Start_WithoutAChoice_AsksForNothingAndShowsNothing()
    {
        JSInterop.Setup<string?>("loralabNotices.choice").SetResult("off");

        await Notices.StartAsync();
        await Notices.OnLiveAsync(State(Ended(RunState.Completed)));

        Assert.False(Notices.IsOn);
        Assert.Empty(JSInterop.Invocations["loralabNotices.enable"]);
        Assert.Empty(JSInterop.Invocations["loralabNotices.show"]);
    }

    [Fact]
    public async Task Toggle_Granted_ShowsOneNoticePerEndOfARun()
    {
        JSInterop.Setup<string?>("loralabNotices.enable").SetResult("on");

        await Notices.ToggleAsync();
        RunDocument run = Ended(RunState.Completed);
        await Notices.OnLiveAsync(State(run with { State = RunState.Running, EndedAt = null }));
        await Notices.OnLiveAsync(State(run));
        await Notices.OnLiveAsync(State(run with { Name = "renamed" }));
        await Notices.OnLiveAsync(State(run with { Id = "2", EndedAt = _later.AddDays(-2) }));

        JSRuntimeInvocation shown = Assert.Single(JSInterop.Invocations["loralabNotices.show"]);
        Assert.Equal(["warm lion", "Completed, accuracy 85.00%", "runs/1"], shown.Arguments);
    }

    [Fact]
    public async Task Toggle_DeniedByTheBrowser_SaysWhatToDo()
    {
        JSInterop.Setup<string?>("loralabNotices.enable").SetResult("denied");

        await Notices.ToggleAsync();

        Assert.False(Notices.IsOn);
        Assert.Contains("allow them in the settings of the browser", Notices.Title, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunState.Failed, "Failed: The disk is full.")]
    [InlineData(RunState.Cancelled, "Cancelled")]
    [InlineData(RunState.Interrupted, "Interrupted")]
    public void Describe_OfARunThatDidNotComplete_SaysHowItEnded(RunState state, string expected) =>
        Assert.Equal(expected, RunNotices.Describe(Ended(state) with { Error = "The disk is full." }));

    private static RunDocument Ended(RunState state) => new()
    {
        Id = "1",
        Name = "warm lion",
        Color = "#2563eb",
        State = state,
        EndedAt = _later,
        Spec = new RunSpec(),
        Summary = new RunSummary().With(MetricKeys.EvalAccuracy, new MetricSummary { Last = 0.85 }),
    };

    private static LiveEvent State(RunDocument run) =>
        new(1, run.Id, LiveEventTypes.RunState, _later, JsonSerializer.SerializeToElement(run, ContractJson.Options));
}
