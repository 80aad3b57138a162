using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Infrastructure;

/// <summary>A server's metrics, traces and logs.</summary>
public sealed class TelemetryTests(ScriptedServer plain) : IClassFixture<ScriptedServer>
{
    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Otlp_WithAnEndpoint_GetsMetricsTracesAndLogsWithTheRun()
    {
        using OtlpReceiver receiver = new();
        await using ServerProcess server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
                ["OTEL_BLRP_SCHEDULE_DELAY"] = "500",
            },
        });
        RunApi api = new(server.Http);
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=3"}""")).Id);

        await UntilAsync(
            () => receiver.Has(
                "/v1/metrics",
                "LoraLab",
                "loralab.runs",
                "loralab.queue.length",
                "loralab.run.steps",
                "loralab.import.lag",
                "loralab.worker.starts",
                "loralab.store.write.duration")
                && receiver.Has("/v1/traces", "LoraLab", "run attempt", run.Id, "/api/v1/runs")
                && receiver.Has("/v1/logs", "LoraLab", "RunId", run.Id),
            receiver.ToString);
    }

    [Fact]
    public async Task Prometheus_SwitchedOn_ServesTheNumbersOfARun()
    {
        ServerKey key = new("prometheus", "read");
        await using ServerProcess server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string>(ServerKey.Environment(key, new ServerKey("ci", "submit")))
            {
                ["LoraLab__Prometheus"] = "true",
            },
        });
        using HttpResponseMessage refused = await server.Http.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        server.Http.DefaultRequestHeaders.Authorization = key.Header;
        string page = await server.Http.GetStringAsync("/metrics");
        Assert.Matches(new Regex("^loralab_runs\\{[^}]*state=\"queued\"[^}]*\\} 0\\s", RegexOptions.Multiline), page);
        Assert.Contains("loralab_queue_length", page, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Prometheus_AfterARun_CountsItsStepsOnce()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(
            ScriptedServer.Setup with { Environment = new Dictionary<string, string> { ["LoraLab__Prometheus"] = "true" } });
        RunApi api = new(server.Http);
        await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=7"}""")).Id);

        string page = await server.Http.GetStringAsync("/metrics");

        Assert.Matches(new Regex("^loralab_run_steps_total(\\{[^}]*\\})? 7\\s", RegexOptions.Multiline), page);
        Assert.Matches(new Regex("^loralab_runs\\{[^}]*state=\"completed\"[^}]*\\} 1\\s", RegexOptions.Multiline), page);
        Assert.Matches(new Regex("^loralab_worker_starts_total\\{[^}]*\\} 1\\s", RegexOptions.Multiline), page);
        Assert.Contains("loralab_store_write_duration_seconds_bucket", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prometheus_NotSwitchedOn_IsNotThere()
    {
        await plain.Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, "/metrics");
    }

    [Fact]
    public async Task Log_OfWhatConcernsARun_NamesIt()
    {
        RunDocument run = await plain.Api.WaitForEndAsync((await plain.Api.SubmitAsync("""{"notes":"steps=3"}""")).Id);

        await UntilAsync(() => plain.Server.Output.Contains($"=> run {run.Id}", StringComparison.Ordinal), () => plain.Server.Output);
    }

    private static async Task UntilAsync(Func<bool> reached, Func<string> state)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!reached())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), state());
            await Task.Delay(100);
        }
    }
}
