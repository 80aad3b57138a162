using LoraLab.Tests.GeneratedClient;
using LoraLab.Tests.Server.Experiments.Sweeps;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The client that the build generates from <c>docs/openapi.json</c> works against the server.</summary>
[Collection(nameof(SharedServer))]
public sealed class GeneratedClientTests(ScriptedServer shared)
{
    private readonly LoraLabClient _client = new(shared.Server.Http);

    [Fact]
    public async Task Client_SubmitsARun_AndReadsItsResults()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        RunSpec spec = new()
        {
            Notes = "steps=3",
            LearningRate = 0.001,
            Rank = 4,
            Tags = ["generated"],
            Schedule = LearningRateSchedule.Cosine,
        };
        DryRunResult dry = await _client.PostRunsAsync(spec, dryRun: true, cancellationToken: stop);
        RunDocument queued = await _client.SubmitAsync(spec, stop);
        await shared.Api.WaitForEndAsync(queued.Id);

        RunDocument ended = await _client.GetRunAsync(queued.Id, stop);
        RunMetrics metrics = await _client.GetRunMetricsAsync(queued.Id, "train/loss", cancellationToken: stop);
        RunList list = await _client.GetRunsAsync(limit: 1, sort: "-id", state: "completed", tag: "generated", cancellationToken: stop);
        QueueDocument queue = await _client.GetQueueAsync(limit: 10, cancellationToken: stop);
        PredictionSet predictions = await _client.GetRunPredictionsAsync(queued.Id, "best", cancellationToken: stop);
        LogChunk log = await _client.GetRunLogsAsync(queued.Id, tail: 5, cancellationToken: stop);

        Assert.Equal(4, dry.Spec.Rank);
        Assert.Equal((RunState.Completed, EndReason.Finished), (ended.State, ended.EndReason));
        Assert.Equal((0.001, LearningRateSchedule.Cosine, 16.0), (ended.Spec.LearningRate, ended.Spec.Schedule, ended.Spec.Alpha));
        Assert.Equal(["q_proj", "v_proj"], ended.Spec.TargetModules!.Names!);
        Assert.True(ended.Summary.Eval_accuracy!.Last > 0 && ended.Summary.TrainSeconds >= 0);
        Assert.Equal([1, 2, 3], metrics.Series["train/loss"].X);
        Assert.All(metrics.Series["train/loss"].Y, value => Assert.True(value > 0));
        Assert.Equal(queued.Id, Assert.Single(list.Items).Id);
        Assert.Equal(0, queue.Total);
        Assert.All(predictions.Items, row => Assert.All(row.Scores, score => Assert.True(score < 0)));
        Assert.NotEmpty(log.Text);
    }

    [Fact]
    public async Task Client_CreatesASweep_AndComparesItsRuns()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        SweepDocument created = await _client.SubmitAsync(
            new SweepPlan
            {
                Spec = new RunSpecChanges { Notes = "bowl steps=2 delay=0 rows=100", EvalEvery = 5 },
                Space =
                [
                    new SweepField { Field = "learningRate", Values = [0.0001, 0.001] },
                    new SweepField { Field = "rank", Range = SweepRange.Integer, Low = 4, High = 4 },
                ],
                Objective = SweepPlanObjective.Eval_accuracy,
            },
            stop);
        await new SweepApi(shared.Api).WaitForEndAsync(created.Id);

        SweepDocument ended = await _client.GetSweepAsync(created.Id, stop);
        SweepRuns runs = await _client.GetSweepRunsAsync(created.Id, stop);
        SweepGrid grid = await _client.GetSweepGridAsync(created.Id, "learningRate", "rank", stop);
        SweepImportance importance = await _client.GetSweepImportanceAsync(created.Id, stop);
        CompareDocument compared = await _client.GetCompareAsync(string.Join(',', runs.Items.Select(run => run.Id)), stop);

        Assert.Equal((SweepState.Completed, 2), (ended.State, ended.Trials.Count));
        Assert.Equal([0.8, 0.9], ended.Trials.Select(trial => Math.Round(trial.Value!.Value, 4)));
        Assert.Equal((0.9, 90), (Math.Round(ended.Best!.Value, 4), ended.Best.Accuracy!.Correct));
        Assert.Equal([0.8, 0.9], grid.Cells.Select(cell => Math.Round(cell.Mean!.Value, 4)));
        Assert.Equal("eval/accuracy", importance.Objective);
        Assert.Equal([0.0001, 0.001], runs.Items.Select(run => run.Spec.LearningRate!.Value));
        Assert.Equal([0.8, 0.9], compared.Rows.Select(row => Math.Round(row.Accuracy!.Value, 4)));
        Assert.Contains(compared.Differences, difference => difference.Field == "learningRate");
        Assert.Equal(0.1, Math.Abs(Math.Round(Assert.Single(compared.Methods.Pairs).Difference!.Value, 4)));
    }

    [Fact]
    public async Task Client_Refused_ReadsTheProblem()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        ApiException<Problem> unknown = await Assert.ThrowsAsync<ApiException<Problem>>(() => _client.GetRunAsync("none", stop));
        ApiException<Problem> invalid = await Assert.ThrowsAsync<ApiException<Problem>>(
            () => _client.PostRunsAsync(new RunSpec { Priority = 2_000_000 }, cancellationToken: stop));
        BulkResult cancelled = await _client.PostRunsCancelAsync(new BulkRequest { Ids = ["none"] }, stop);

        Assert.Equal((404, "runNotFound"), (unknown.StatusCode, unknown.Result.Code));
        Assert.Equal((400, "invalid"), (invalid.StatusCode, invalid.Result.Code));
        Assert.Contains("priority", Assert.Single(invalid.Result.Errors!).Key, StringComparison.Ordinal);
        Assert.Equal("runNotFound", Assert.Single(cancelled.Skipped).Code);
    }
}
