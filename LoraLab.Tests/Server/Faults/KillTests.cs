using System.Diagnostics;
using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>
/// Real servers and workers that are killed at random moments of micro runs. Afterwards no run is falsely shown as running, none is
/// lost, and every run ends with the numbers of an uninterrupted one. <c>LORALAB_FAULTS=full</c> injects twenty faults of each kind.
/// </summary>
public sealed class KillTests(UndisturbedRun undisturbed, ITestOutputHelper output) : IClassFixture<UndisturbedRun>
{
    private const int Few = 1;

    /// <summary>Maximum time of a run while other tests execute.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(4);

    /// <summary>The kinds of faults.</summary>
    public enum Fault
    {
        Server,
        Worker,
        Both,
        PowerCut,
    }

    [Theory]
    [InlineData(Fault.Server)]
    [InlineData(Fault.Worker)]
    [Trait("Category", "Exhaustive")]
    public Task Runs_DisturbedInPart_EndAsUndisturbedOnes(Fault fault) => Runs_DisturbedAtRandomMoments_EndAsUndisturbedOnes(fault);

    [Theory]
    [InlineData(Fault.Both)]
    [InlineData(Fault.PowerCut)]
    [Trait("Category", "Long")]
    public async Task Runs_DisturbedAtRandomMoments_EndAsUndisturbedOnes(Fault fault)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Signals are for Unix.");
        }

        MicroRun expected = await undisturbed.ReadAsync();
        int number = FaultCount.Of(Few);
        int seed = Environment.TickCount & 0xffff;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        await using FaultyServer server = await FaultyServer.StartAsync();
        List<string> ids = [];
        ids.Add((await server.Api.SubmitAsync(MicroRun.Spec)).Id);
        int injected = 0;
        int falseStates = 0;
        for (int i = 0; injected < number; i++)
        {
            // A fault after a run's end hits nothing, or the next run, which then gets no further fault: a run lost twice before its
            // first checkpoint is meant to fail. There is always a queued run.
            Assert.True(i < 2 * number, "The faults come too late.");
            string id = ids[i];
            ids.Add((await server.Api.SubmitAsync(MicroRun.Spec)).Id);
            if (await WaitForMomentAsync(server.Api, id, random) is { Attempts.Count: 1 })
            {
                RunDocument hit = await server.InjectAsync(fault, id);
                injected += hit.State.IsTerminal() ? 0 : 1;
                output.WriteLine($"{fault}: {hit.State}, {hit.Progress.Phase}, step {hit.Progress.Step}");
            }

            falseStates += await FalseStatesAsync(server);
            await CompletedAsync(server.Api, id, fault);
        }

        int lost = 0;
        int pointsLost = 0;
        foreach (string id in ids)
        {
            RunDocument run = await CompletedAsync(server.Api, id, fault);
            lost += run.State == RunState.Completed ? 0 : 1;
            MicroRun found = await MicroRun.ReadAsync(server.Api, run, server.DataDirectory);
            pointsLost += expected.PointsLost(found);
            Assert.Equal(expected.Predictions, found.Predictions);
            Assert.Equal(expected.Adapter, found.Adapter);
        }

        await server.StopAsync();
        int stored = StoredPoints.Differences(server.DataDirectory);
        output.WriteLine($"FAULTS {fault}: {injected} injected, {ids.Count} runs, {lost} lost, {falseStates} shown in a false state, "
            + $"{pointsLost} points lost or duplicated, {stored} differences between files and database");
        Assert.Equal((0, 0, 0, 0), (lost, falseStates, pointsLost, stored));
    }

    /// <summary>A random moment: while the run loads, at one of its steps, or around its end, and some milliseconds later.</summary>
    private static async Task<RunDocument> WaitForMomentAsync(RunApi api, string id, Random random)
    {
        int step = random.Next(-4, MicroRun.Steps + 1);
        RunDocument run = await api.WaitAsync(
            id, now => now.State.IsTerminal() || (now.Attempts.Count > 0 && (step < 0 || now.Progress.Step >= step)), _patience);
        await Task.Delay(random.Next(step < 0 ? 1200 : 150));
        return run;
    }

    /// <summary>
    /// Waits for the end. A run whose worker was killed is not retried automatically: it is resumed here, as its error says.
    /// </summary>
    private static async Task<RunDocument> CompletedAsync(RunApi api, string id, Fault fault)
    {
        RunDocument ended = await api.WaitForEndAsync(id, _patience);
        if (fault == Fault.Worker && ended.State == RunState.Failed)
        {
            Assert.Equal(EndReason.WorkerLost, ended.EndReason);
            Assert.Contains("SIGKILL", ended.Error, StringComparison.Ordinal);
            Assert.Contains("resume", ended.Error, StringComparison.Ordinal);
            await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "resume"), expected: HttpStatusCode.Accepted);
            ended = await api.WaitForEndAsync(id, _patience);
        }

        Assert.True(ended.State == RunState.Completed, $"{ended.State}: {ended.Error}\n{string.Join('\n', ended.LogTail)}");
        return ended;
    }

    /// <summary>Number of runs shown with a worker that does not exist, after a moment for the state to settle.</summary>
    private static async Task<int> FalseStatesAsync(FaultyServer server)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            RunList runs = await server.Api.ReadAsync<RunList>(ApiRoutes.Runs);
            int wrong = runs.Items.Count(run => run.State is RunState.Preparing or RunState.Running or RunState.Cancelling
                && run.Attempts[^1].ProcessId is int worker && !Signals.IsAlive(worker));
            if (wrong == 0 || waited.Elapsed > TimeSpan.FromSeconds(5))
            {
                return wrong;
            }

            await Task.Delay(50);
        }
    }
}
