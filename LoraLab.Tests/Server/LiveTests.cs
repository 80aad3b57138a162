using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The hub and server-sent events.</summary>
public sealed class LiveTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = fixture.Api;

    [Fact]
    public async Task Subscribe_BeforeTheRunEnds_EveryPointComesOnceAndInOrder()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"steps=40 delay=20 garbage"}""");
        await _api.WaitAsync(run.Id, now => now.Progress.Step > 5);
        (HubConnection hub, ConcurrentQueue<LiveEvent> events) = await ConnectAsync();
        await using HubConnection connection = hub;

        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(run.Id), LiveHub.RunLogs(run.Id), LiveHub.Queue }, 0L);
        await UntilAsync(events, live => live.Type == LiveEventTypes.RunState && live.Data.GetProperty("state").GetString() == "completed");

        List<LiveEvent> numbered = [.. events.Where(live => live.Seq > 0 && live.Type != LiveEventTypes.QueueChanged)];
        Assert.Equal(numbered.Select(live => live.Seq).Order().Distinct(), numbered.Select(live => live.Seq));
        Assert.All(numbered, live => Assert.Equal(run.Id, live.RunId));
        IEnumerable<int> steps = numbered.Where(live => live.Type == LiveEventTypes.RunMetrics)
            .Select(live => live.Data.Deserialize<RunMetrics>(ContractJson.Options)!)
            .Where(metrics => metrics.Series.ContainsKey(MetricKeys.TrainLoss))
            .SelectMany(metrics => metrics.Series[MetricKeys.TrainLoss].X);
        Assert.Equal(Enumerable.Range(1, 40), steps);
        Assert.Equal(["queued", "preparing", "running", "completed"], numbered.Where(live => live.Type == LiveEventTypes.RunState)
            .Select(live => live.Data.GetProperty("state").GetString()!).Distinct());

        long offset = 0;
        foreach (LogChunk chunk in events.Where(live => live.Type == LiveEventTypes.RunLog)
            .Select(live => live.Data.Deserialize<LogChunk>(ContractJson.Options)!))
        {
            Assert.True(chunk.Offset <= offset || offset == 0, "The log has a gap.");
            offset = Math.Max(offset, chunk.NextOffset);
        }

        Assert.True(offset > 0, "No log came.");
    }

    [Fact]
    public async Task Subscribe_AfterANumber_ReplaysOnlyWhatCameLater()
    {
        RunDocument run = await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes":"steps=2"}""")).Id);
        (HubConnection hub, ConcurrentQueue<LiveEvent> events) = await ConnectAsync();
        await using HubConnection connection = hub;
        long end = await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.System }, null);

        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(run.Id) }, end);
        await _api.SendAsync<RunDocument>(HttpMethod.Patch, ApiRoutes.Run(run.Id), """{"name":"renamed"}""");
        await UntilAsync(events, live => live.Type == LiveEventTypes.RunState);

        LiveEvent renamed = Assert.Single(events, live => live.RunId == run.Id);
        Assert.True(renamed.Seq > end);
        Assert.Equal("renamed", renamed.Data.GetProperty("name").GetString());
        await UntilAsync(events, live =>
            live.Type == LiveEventTypes.SystemSample && live.Seq == 0 && live.Data.GetProperty("totalMemoryMb").GetDouble() > 0);
    }

    [Fact]
    public async Task Subscribe_AheadOfTheStore_GetsASnapshot()
    {
        RunDocument run = await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes":"steps=3"}""")).Id);
        (HubConnection hub, ConcurrentQueue<LiveEvent> events) = await ConnectAsync();
        await using HubConnection connection = hub;

        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(run.Id), LiveHub.Queue }, 1_000_000_000L);
        await UntilAsync(events, live => live.Type == LiveEventTypes.RunMetrics);
        await UntilAsync(events, live => live.Type == LiveEventTypes.QueueChanged);

        LiveEvent state = Assert.Single(events, live => live.Type == LiveEventTypes.RunState);
        Assert.Equal("completed", state.Data.GetProperty("state").GetString());
        RunMetrics metrics =
            events.First(live => live.Type == LiveEventTypes.RunMetrics).Data.Deserialize<RunMetrics>(ContractJson.Options)!;
        Assert.Equal([1, 2, 3], metrics.Series[MetricKeys.TrainLoss].X);
    }

    [Fact]
    public async Task Subscribe_UnknownTopic_IsRefusedWithASentence()
    {
        (HubConnection hub, _) = await ConnectAsync();
        await using HubConnection connection = hub;

        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { "weather" }, 0L));

        Assert.Contains("Unknown topic 'weather'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerSentEvents_LastEventId_ContinuesAndEndsWithTheRun()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"steps=5"}""");

        string whole = await fixture.Server.Http.GetStringAsync(ApiRoutes.Run(run.Id, "events"));
        List<long> ids = [.. whole.Split('\n').Where(line => line.StartsWith("id:", StringComparison.Ordinal))
            .Select(line => long.Parse(line[3..], System.Globalization.CultureInfo.InvariantCulture))];
        using HttpRequestMessage again = new(HttpMethod.Get, ApiRoutes.Run(run.Id, "events"));
        again.Headers.Add("Last-Event-ID", ids[^2].ToString(System.Globalization.CultureInfo.InvariantCulture));
        using HttpResponseMessage rest = await fixture.Server.Http.SendAsync(again);
        string tail = await rest.Content.ReadAsStringAsync();

        Assert.Contains("event: run.metrics", whole, StringComparison.Ordinal);
        Assert.Contains("\"state\":\"completed\"", whole, StringComparison.Ordinal);
        Assert.Contains($"id: {ids[^1]}", tail, StringComparison.Ordinal);
        Assert.DoesNotContain($"id: {ids[^2]}\n", tail, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Subscribe_AgainAfterTheServerWasKilled_GetsWhatWasMissedAndWhatCounts()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        SortedDictionary<int, double?> shown = [];
        string id;
        long seen;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            RunApi before = new(first.Http);
            id = (await before.SubmitAsync("""{"notes":"steps=14 delay@1=150 checkpoints=4 marked"}""")).Id;
            (HubConnection hub, ConcurrentQueue<LiveEvent> events) = await ConnectAsync(first.Address);
            await using HubConnection connection = hub;
            await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(id) }, 0L);
            await UntilAsync(events, live => Points(live)?.Series.Values.Any(series => series.X.Contains(6)) == true);
            await first.KillAsync();
            Show(shown, events);
            seen = events.Max(live => live.Seq);
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        await new RunApi(second.Http).WaitForEndAsync(id);
        (HubConnection again, ConcurrentQueue<LiveEvent> missed) = await ConnectAsync(second.Address);
        await using HubConnection reconnected = again;
        await again.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(id) }, seen);
        await UntilAsync(missed, live => live.Type == LiveEventTypes.RunState && live.Data.GetProperty("state").GetString() == "completed");
        Show(shown, missed);

        Assert.All(missed, live => Assert.True(live.Seq > seen));
        MetricSeries loss = (await new RunApi(second.Http).MetricsAsync(id)).Series[MetricKeys.TrainLoss];
        Assert.Equal(Enumerable.Range(1, 14), loss.X);
        Assert.Equal(loss.X.Zip(loss.Y), shown.Select(point => (point.Key, point.Value)));
    }

    private static RunMetrics? Points(LiveEvent live) =>
        live.Type == LiveEventTypes.RunMetrics ? live.Data.Deserialize<RunMetrics>(ContractJson.Options) : null;

    /// <summary>The loss as a client knows it from events alone.</summary>
    private static void Show(SortedDictionary<int, double?> shown, IEnumerable<LiveEvent> events)
    {
        foreach (RunMetrics metrics in events.Select(Points).OfType<RunMetrics>())
        {
            shown.Keys.Where(step => step > (metrics.SupersededAfter ?? int.MaxValue)).ToList().ForEach(step => shown.Remove(step));
            MetricSeries loss = metrics.Series.GetValueOrDefault(MetricKeys.TrainLoss) ?? new();
            loss.X.Zip(loss.Y).ToList().ForEach(point => shown[point.First] = point.Second);
        }
    }

    private Task<(HubConnection Hub, ConcurrentQueue<LiveEvent> Events)> ConnectAsync() => ConnectAsync(fixture.Server.Address);

    private static async Task<(HubConnection Hub, ConcurrentQueue<LiveEvent> Events)> ConnectAsync(Uri server)
    {
        HubConnection hub = new HubConnectionBuilder()
            .WithUrl(new Uri(server, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions))
            .Build();
        ConcurrentQueue<LiveEvent> events = new();
        hub.On<LiveEvent>(LiveHub.Event, events.Enqueue);
        await hub.StartAsync();
        return (hub, events);
    }

    private static async Task UntilAsync(ConcurrentQueue<LiveEvent> events, Func<LiveEvent, bool> seen)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!events.Any(seen))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(40), $"Only {string.Join(", ", events.Select(live => live.Type))} came.");
            await Task.Delay(30);
        }
    }
}
