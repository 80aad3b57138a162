using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Runs from submission to end, with well-behaved and misbehaving workers.</summary>
public sealed class RunExecutionTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = fixture.Api;
    private readonly HttpClient _http = fixture.Server.Http;

    [Fact]
    public async Task Submit_WellBehavedWorker_CompletesWithResultsAndFiles()
    {
        RunDocument queued = await _api.SubmitAsync("""{"method":"pissa","notes":"steps=6"}""");
        Assert.Equal(RunState.Queued, queued.State);
        Assert.Equal("#9467bd", queued.Color);

        RunDocument run = await _api.WaitForEndAsync(queued.Id);

        Assert.Equal((RunState.Completed, EndReason.Finished, null), (run.State, run.EndReason, run.Error));
        Assert.Equal((6, 6), (run.Progress.Step, run.Progress.TotalSteps));
        Assert.Equal(new MetricSummary { Last = 0.75, Best = 0.75, BestStep = 6 }, run.Summary[MetricKeys.EvalAccuracy]);
        Assert.Equal((1234L, 64.0, 1024L), (run.Summary.TrainTokens, run.Summary.PeakMemoryMb, run.Summary.TrainableParameters));
        Assert.Equal((5e-5, Precision.Fp32), (run.Spec.LearningRate, run.Spec.Precision));
        RunAttempt attempt = Assert.Single(run.Attempts);
        Assert.NotNull(attempt.ProcessId);
        Assert.NotNull(attempt.ProcessStartedAt);
        Assert.Equal("scripted", attempt.Environment?.MemorySource);

        RunMetrics metrics = await _api.MetricsAsync(run.Id);
        Assert.Equal([1, 2, 3, 4, 5, 6], metrics.Series[MetricKeys.TrainLoss].X);
        Assert.Equal([0, 6], metrics.Series[MetricKeys.EvalAccuracy].X);

        PredictionSet predictions = await _api.ReadAsync<PredictionSet>(ApiRoutes.Run(run.Id, "predictions?step=last"));
        Assert.Equal((6, 4), (predictions.Step, predictions.Items.Count));
        Assert.Equal(["negative", "positive"], predictions.Labels);
        Assert.Equal([-3.5, -1.25], predictions.Items[3].Scores);

        using ZipArchive adapter = new(await _http.GetStreamAsync(ApiRoutes.Run(run.Id, "adapter")));
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], adapter.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public async Task Metrics_NonFiniteValues_AreNullAndListed()
    {
        RunDocument run = await RunAsync("steps=5 nan");

        MetricSeries loss = (await _api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss];

        Assert.Equal([2, 1, null, null, 0.4], loss.Y);
        Assert.Equal([new NonFinitePoint(2, 3, "NaN"), new NonFinitePoint(3, 4, "Infinity")], loss.NonFinite);
        Assert.Equal(new MetricSummary { Last = 0.4, Best = 0.4, BestStep = 5 }, run.Summary[MetricKeys.TrainLoss]);
    }

    [Fact]
    public async Task Metrics_ManyRunsAndKeys_AnswersEachInOrder()
    {
        RunDocument a = await RunAsync("steps=2");
        RunDocument b = await RunAsync("steps=3");

        List<RunMetrics> both = await _api.ReadAsync<List<RunMetrics>>($"{ApiRoutes.Metrics}?runs={b.Id},{a.Id}&keys=train/loss");

        Assert.Equal([b.Id, a.Id], both.Select(metrics => metrics.RunId));
        Assert.All(both, metrics => Assert.Equal([MetricKeys.TrainLoss], metrics.Series.Keys));
        Assert.Equal([1, 2, 3], both[0].Series[MetricKeys.TrainLoss].X);
    }

    [Fact]
    public async Task Events_GarbageAndHalfLines_EveryPointComesOnce()
    {
        RunDocument run = await RunAsync("steps=3 garbage halves");

        Assert.Equal(RunState.Completed, run.State);
        Assert.Equal([1, 2, 3], (await _api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss].X);
        string log = await _http.GetStringAsync(ApiRoutes.Run(run.Id, "logs?tail=100"));
        Assert.Contains("a plain line on stdout", log, StringComparison.Ordinal);
        Assert.Contains("is not an event: this is not json", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_DiesInTheMiddle_RunFailsWithItsLastWordsAndTheNextRunIsFine()
    {
        RunDocument run = await RunAsync("steps=9 crash=4");

        Assert.Equal((RunState.Failed, EndReason.WorkerLost), (run.State, run.EndReason));
        Assert.Contains("SIGABRT", run.Error, StringComparison.Ordinal);
        Assert.Contains("terminate called without an active exception", run.LogTail);
        Assert.Equal([1, 2, 3], (await _api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss].X);
        Assert.Equal(RunState.Completed, (await RunAsync("steps=1")).State);
    }

    [Fact]
    public async Task Worker_SaysWhatWentWrong_RunFailsWithThatSentence()
    {
        RunDocument run = await RunAsync("steps=3 fail");

        Assert.Equal((RunState.Failed, EndReason.Diverged), (run.State, run.EndReason));
        Assert.Equal("The loss became NaN at step 3; lower learningRate.", run.Error);
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Run(run.Id, "adapter"));
    }

    [Fact]
    public async Task Cancel_RunningRun_AnswersAtOnceAndTheWorkerStopsByItself()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"steps=5000 delay=20"}""");
        await _api.WaitAsync(run.Id, now => now.Progress.Step > 2);
        await _api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Delete, ApiRoutes.Run(run.Id));

        RunDocument answer = await _api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await _api.WaitForEndAsync(run.Id);

        Assert.Equal(RunState.Cancelling, answer.State);
        Assert.Equal((RunState.Cancelled, EndReason.Cancelled), (ended.State, ended.EndReason));
        Assert.Equal(1234, ended.Summary.TrainTokens);
    }

    [Fact]
    public async Task Cancel_WorkerThatIgnoresIt_IsKilledAfterTheGrace()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"steps=5000 delay=20 stubborn"}""");
        RunDocument running = await _api.WaitAsync(run.Id, now => now.State == RunState.Running);

        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await _api.WaitForEndAsync(run.Id);

        Assert.Equal((RunState.Cancelled, EndReason.Cancelled), (ended.State, ended.EndReason));
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(running.Attempts[0].ProcessId!.Value));
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Cancel_EndedRun_IsAConflict()
    {
        RunDocument run = await RunAsync("steps=1");

        await _api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"));
    }

    [Fact]
    public async Task Logs_ByOffset_ContinueWhereTheLastChunkEnded()
    {
        RunDocument run = await RunAsync("steps=2 garbage");

        LogChunk whole = await _api.ReadAsync<LogChunk>(ApiRoutes.Run(run.Id, "logs"));
        LogChunk rest = await _api.ReadAsync<LogChunk>(ApiRoutes.Run(run.Id, $"logs?offset={whole.Text.IndexOf('\n') + 1}"));
        LogChunk nothing = await _api.ReadAsync<LogChunk>(ApiRoutes.Run(run.Id, $"logs?offset={whole.NextOffset}"));

        Assert.StartsWith("pid ", whole.Text, StringComparison.Ordinal);
        Assert.Equal(whole.Text[(whole.Text.IndexOf('\n') + 1)..], rest.Text);
        Assert.Equal((whole.NextOffset, ""), (nothing.NextOffset, nothing.Text));
        using HttpRequestMessage text = new(HttpMethod.Get, ApiRoutes.Run(run.Id, "logs"));
        text.Headers.Accept.ParseAdd("text/plain");
        using HttpResponseMessage plain = await _http.SendAsync(text);
        Assert.Equal(whole.Text, await plain.Content.ReadAsStringAsync());
    }

    private async Task<RunDocument> RunAsync(string notes) =>
        await _api.WaitForEndAsync((await _api.SubmitAsync($$"""{"notes":"{{notes}}"}""")).Id);
}
