using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>
/// Sweeps from start to end: best run, pruner, halving, pause, cancel, restart. The scripted worker's accuracy is highest at a rate of
/// 1e-3.
/// </summary>
public sealed class SweepLifecycleTests(ScriptedServer server) : IClassFixture<ScriptedServer>
{
    private readonly SweepApi _sweeps = new(server.Api);

    [Fact]
    public async Task Grid_Completed_HasBestRunIntervalHeatMapAndImportance()
    {
        JsonObject plan = SweepApi.Bowl("steps=2 delay=0", 1e-5, 1e-4, 1e-3, 1e-2);
        plan["space"]!.AsArray().Add(new JsonObject { ["field"] = "rank", ["values"] = new JsonArray(4, 8, 16) });
        SweepDocument created = await _sweeps.CreateAsync(plan);
        SweepImportance early = await server.Api.ReadAsync<SweepImportance>(ApiRoutes.Sweep(created.Id, "importance"));
        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);

        Assert.Contains("more", early.Note, StringComparison.Ordinal);
        Assert.Empty(early.Fields);
        Assert.Equal((12, 12), (ended.PlannedRuns, ended.Counts.Completed));
        SweepBest best = ended.Best!;
        Assert.Equal(
            (1e-3, 0.9, 90, 100, 12),
            ((double)best.Values["learningRate"]!, best.Value, best.Accuracy!.Correct, best.Accuracy.Rows, best.Candidates));
        // Wilson's interval of 90 of 100; the two other ranks have the same accuracy, and that of 80 of 100 is [0.711, 0.867].
        Assert.Equal((0.8256, 0.9448), (Math.Round(best.Accuracy.Low, 4), Math.Round(best.Accuracy.High, 4)));
        Assert.Equal(2, best.Indistinguishable);
        Assert.Contains("best of 12 on the selection split", best.Note, StringComparison.Ordinal);

        SweepGrid grid = await server.Api.ReadAsync<SweepGrid>(ApiRoutes.Sweep(created.Id, "grid?x=rank&y=learningRate"));
        Assert.Equal(["4", "8", "16"], grid.X.Labels);
        Assert.Equal(["1e-5", "1e-4", "1e-3", "0.01"], grid.Y.Labels);
        Assert.Equal([0.7, 0.8, 0.9, 0.8], grid.Cells.Where(cell => cell.X == 0).Select(cell => Math.Round(cell.Mean!.Value, 4)));
        Assert.Contains(
            "which the sweep does not search",
            (string?)(await server.Api.RefusedAsync(
                HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Sweep(created.Id, "grid?x=alpha")))["detail"],
            StringComparison.Ordinal);

        SweepImportance importance = await server.Api.ReadAsync<SweepImportance>(ApiRoutes.Sweep(created.Id, "importance"));
        Assert.Equal(["learningRate", "rank"], importance.Fields.Select(field => field.Field));
        Assert.Equal((1.0, 0.0), (Math.Round(importance.Fields[0].Share, 6), importance.Fields[1].Share));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Median_RunThatIsWorseThanHalfOfTheOthers_IsPrunedWithItsSentence()
    {
        JsonObject plan = SweepApi.Bowl("steps=400 delay=2", 1e-3, 8e-4, 2e-3, 1e-7);
        plan["pruner"] = new JsonObject { ["kind"] = "median", ["minimumRuns"] = 3, ["warmupSteps"] = 10 };
        SweepDocument ended = await _sweeps.WaitForEndAsync((await _sweeps.CreateAsync(plan)).Id);
        IReadOnlyList<RunDocument> runs = await _sweeps.RunsAsync(ended.Id);

        Assert.Equal((SweepState.Completed, 3, 1), (ended.State, ended.Counts.Completed, ended.Counts.Pruned));
        RunDocument pruned = runs[3];
        Assert.Equal((RunState.Cancelled, EndReason.Pruned), (pruned.State, pruned.EndReason));
        Assert.Contains("by the median rule", pruned.Error, StringComparison.Ordinal);
        Assert.InRange(pruned.Progress.Step, 10, 399);
        Assert.All(runs.Take(3), run => Assert.Equal(RunState.Completed, run.State));
        Assert.NotEqual(pruned.Id, ended.Best!.RunId);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Halving_BestRuns_GoOnFromTheirCheckpointsToTheEnd()
    {
        JsonObject plan = SweepApi.Bowl("rows=1000 steps=400 delay=4 marked", 1e-5, 1e-3, 1e-1, 1e-4, 1e-2, 1e-6, 1e-7, 2e-3, 3e-2);
        plan["spec"]!["evalEvery"] = 10;
        plan["pruner"] = new JsonObject { ["kind"] = "halving", ["firstRung"] = 15 };
        SweepDocument created = await _sweeps.CreateAsync(plan);
        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);
        IReadOnlyList<RunDocument> runs = await _sweeps.RunsAsync(ended.Id);

        // Rungs at 20 (15, moved up to an evaluation), 50 (45) and 140 (135); nine, three, one.
        Assert.Equal([20, 50, 140], ended.Rungs);
        Assert.Equal((SweepState.Completed, 1, 8), (ended.State, ended.Counts.Completed, ended.Counts.Pruned));
        RunDocument winner = runs[1];
        Assert.Equal((RunState.Completed, 400, winner.Id), (winner.State, winner.Progress.Step, ended.Best!.RunId));
        Assert.Equal([0, 3, 0, 1, 0, 0, 0, 1, 0], ended.Trials.Select(trial => trial.RungsPassed));
        Assert.All(runs.Where(run => run.Id != winner.Id), run =>
            Assert.Equal((RunState.Cancelled, EndReason.Pruned), (run.State, run.EndReason)));
        Assert.Contains(
            "at rung 1 of 3 (step 20): once all have reached it, the best 3 of 9 resume", runs[6].Error, StringComparison.Ordinal);

        // Each attempt starts where the previous one stopped, the second one at or after the first rung, and no step is repeated. On a
        // busy machine a run may pass the next rung before it has stopped, so that this rung needs no attempt of its own.
        int[] from = [.. winner.Attempts.Select(attempt => attempt.ResumedFrom!.Value)];
        Assert.InRange(from.Length, 2, 4);
        Assert.True(from[0] == 0 && from[1] >= 20 && from.SequenceEqual(from.Order().Distinct()), string.Join(", ", from));
        MetricSeries loss = (await server.Api.MetricsAsync(winner.Id)).Series[MetricKeys.TrainLoss];
        Assert.Equal(Enumerable.Range(1, 400), loss.X);
        Assert.Equal(
            Enumerable.Range(1, 400).Select(step => (double?)((2.0 / step) + (10 * (from.Count(start => start < step) - 1)))), loss.Y);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Tpe_ResultsSoFar_ChooseTheNextPoint()
    {
        JsonObject plan = SweepApi.Bowl("steps=1 delay=0", 1);
        plan["space"] =
            new JsonArray(new JsonObject { ["field"] = "learningRate", ["range"] = "logUniform", ["low"] = 1e-7, ["high"] = 1e-1 });
        (plan["sampler"], plan["runs"], plan["startupRuns"], plan["seed"]) = ("tpe", 14, 5, 3);
        SweepDocument created = await _sweeps.CreateAsync(plan);
        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);

        Assert.Equal((14, 14, 14), (ended.PlannedRuns, ended.Trials.Count, ended.Counts.Completed));
        Assert.Single(created.Trials);
        double[] away = [.. ended.Trials.Select(trial => Math.Abs(Math.Log10((double)trial.Values["learningRate"]!) + 3))];
        Assert.True(
            away.Skip(5).Average() < away.Take(5).Average(),
            string.Join(", ", away.Select(distance => distance.ToString("0.00", CultureInfo.InvariantCulture))));
    }

    [Fact]
    public async Task Pause_RunningSweep_StopsItsRunsAndResumeGoesOnFromTheirCheckpoints()
    {
        SweepDocument created = await _sweeps.CreateAsync(SweepApi.Bowl("steps=100 delay@1=20 marked", 1e-3, 1e-4));
        await _sweeps.WaitAsync(created.Id, sweep => sweep.Trials[0].Step >= 10);

        SweepDocument paused = await _sweeps.ActAsync(created.Id, "pause");
        Assert.Equal(SweepState.Paused, paused.State);
        SweepDocument stopped = await _sweeps.WaitAsync(created.Id, sweep => sweep.Counts is { Running: 0, Queued: 0 });
        IReadOnlyList<RunDocument> runs = await _sweeps.RunsAsync(created.Id);
        Assert.Equal((SweepState.Paused, 2), (stopped.State, stopped.Counts.Cancelled));
        Assert.All(runs, run => Assert.Equal((RunState.Cancelled, EndReason.Cancelled), (run.State, run.EndReason)));
        Assert.Equal(SweepState.Paused, (await _sweeps.ActAsync(created.Id, "pause")).State);

        Assert.Equal(SweepState.Running, (await _sweeps.ActAsync(created.Id, "resume")).State);
        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);
        RunDocument first = (await _sweeps.RunsAsync(created.Id))[0];
        Assert.Equal((SweepState.Completed, 2), (ended.State, ended.Counts.Completed));
        Assert.Equal(2, first.Attempts.Count);
        Assert.True(first.Attempts[1].ResumedFrom >= 10);
    }

    [Fact]
    public async Task Cancel_Sweep_StopsEverythingForGoodAndKeepsWhatWasFinished()
    {
        SweepDocument created = await _sweeps.CreateAsync(SweepApi.Bowl("steps=60 delay=5", 1e-3, 1e-4, 1e-5));
        await _sweeps.WaitAsync(created.Id, sweep => sweep.Counts.Completed == 1 && sweep.Counts.Running == 1);

        Assert.Equal(SweepState.Cancelled, (await _sweeps.ActAsync(created.Id, "cancel")).State);
        SweepDocument ended = await _sweeps.WaitAsync(created.Id, sweep => sweep.Counts is { Running: 0, Queued: 0 });

        Assert.Equal((1, 2), (ended.Counts.Completed, ended.Counts.Cancelled));
        Assert.NotNull(ended.Best);
        Assert.NotNull(ended.EndedAt);
        JsonObject problem = await server.Api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Sweep(created.Id, "resume"));
        Assert.Contains("is cancelled and cannot be resumed", (string?)problem["detail"], StringComparison.Ordinal);

        // Its runs can be resumed like any others.
        string stopped = ended.Trials[2].RunId!;
        await server.Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(stopped, "resume"), expected: HttpStatusCode.Accepted);
        Assert.Equal(RunState.Completed, (await server.Api.WaitForEndAsync(stopped)).State);
        Assert.Equal(2, (await _sweeps.GetAsync(created.Id)).Counts.Completed);
    }

    [Fact]
    public async Task Failed_SomeOrAllRuns_AreNotCountedAsResults()
    {
        JsonObject plan = SweepApi.Bowl("steps=1 delay=0 fail", 1e-3, 1e-4);
        SweepDocument ended = await _sweeps.WaitForEndAsync((await _sweeps.CreateAsync(plan)).Id);

        Assert.Equal((SweepState.Failed, 2, null), (ended.State, ended.Counts.Failed, ended.Best));
        Assert.Contains("None of the 2 runs completed: 2 failed", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleted_RunOfASweep_IsNotMadeAgain()
    {
        SweepDocument created = await _sweeps.CreateAsync(SweepApi.Bowl("steps=40 delay=5", 1e-3, 1e-4, 1e-5));
        using HttpResponseMessage deleted = await server.Server.Http.DeleteAsync(ApiRoutes.Run(created.Trials[2].RunId!));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);

        Assert.Equal((SweepState.Completed, 2, 1), (ended.State, ended.Counts.Completed, ended.Counts.Cancelled));
        Assert.Equal(2, (await _sweeps.RunsAsync(created.Id)).Count);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Server_KilledInTheMiddleOfHalving_TheNextOneGoesOnWithTheSweep()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        JsonObject plan = SweepApi.Bowl("steps=200 delay=3 marked linger=40,80,160", 1e-5, 1e-3, 1e-1, 1e-4);
        plan["spec"]!["evalEvery"] = 20;
        plan["pruner"] = new JsonObject { ["kind"] = "halving", ["factor"] = 2, ["firstRung"] = 40 };
        string id;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            SweepApi before = new(new RunApi(first.Http));
            id = (await before.CreateAsync(plan)).Id;
            await before.WaitAsync(id, sweep => sweep.Counts.Pruned == 2 && sweep.Counts.Running == 1);
            await first.KillAsync();
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        SweepApi after = new(new RunApi(second.Http));
        SweepDocument ended = await after.WaitForEndAsync(id);
        IReadOnlyList<RunDocument> runs = await after.RunsAsync(id);

        Assert.Equal((SweepState.Completed, 1, 3, 4), (ended.State, ended.Counts.Completed, ended.Counts.Pruned, runs.Count));
        Assert.Equal((1e-3, 200), (runs[1].Spec.LearningRate, runs[1].Progress.Step));
        Assert.Equal(Enumerable.Range(1, 200), (await new RunApi(second.Http).MetricsAsync(runs[1].Id)).Series[MetricKeys.TrainLoss].X);
    }
}
