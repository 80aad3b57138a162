using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>
/// One of many clients: submits a run, subscribes to it on the hub or by server-sent events, reads other routes, cancels some runs, waits
/// for the end and compares the received events with the store. Any discrepancy throws.
/// </summary>
internal sealed class LoadClient(ServerProcess server, int number, LoadTotals totals)
{
    private readonly Random _random = new(number);
    private readonly bool _useHub = number % 2 == 0;
    private readonly ConcurrentQueue<LiveEvent> _heard = new();

    public async Task RunAsync(TimeSpan span, TimeProvider time)
    {
        long began = time.GetTimestamp();
        await using HubConnection? hub = _useHub ? await ConnectAsync() : null;
        while (time.GetElapsedTime(began) < span)
        {
            _heard.Clear();
            bool cancel = _random.Next(2) == 0;
            (string id, long seq) = await SubmitAsync();
            using CancellationTokenSource late = new(TimeSpan.FromMinutes(3));
            Task listening = hub is null
                ? ReadStreamAsync(id, late.Token)
                : hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(id) }, seq, late.Token);
            for (int i = _random.Next(2, 7); i > 0; i--)
            {
                await LookAsync(id);
                await Task.Delay(_random.Next(5, 60));
            }

            if (cancel)
            {
                await CancelAsync(id);
            }

            while (!HasEnded(id))
            {
                if (time.GetElapsedTime(began) >= span)
                {
                    await CancelAsync(id);
                }

                await LookAsync(id);
                await Task.Delay(150, late.Token);
            }

            await listening;
            await CompareAsync(id);
            if (hub is not null)
            {
                await hub.SendAsync(LiveHub.Unsubscribe, new[] { LiveHub.Run(id) });
            }
        }
    }

    private async Task<HubConnection> ConnectAsync()
    {
        HubConnection hub = new HubConnectionBuilder()
            .WithUrl(new Uri(server.Address, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions))
            .Build();
        hub.On<LiveEvent>(LiveHub.Event, _heard.Enqueue);
        await hub.StartAsync();
        return hub;
    }

    private async Task<(string Id, long Seq)> SubmitAsync()
    {
        using HttpResponseMessage response = await SendAsync(
            HttpMethod.Post,
            ApiRoutes.Runs,
            $$"""{"notes":"steps={{_random.Next(3, 12)}} delay={{_random.Next(1, 8)}}","tags":["load"]}""");
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        totals.Submitted();
        // Read before the run existed: after this number none of its events can be missed.
        long seq = long.Parse(response.Headers.GetValues("X-LoraLab-Seq").Single(), CultureInfo.InvariantCulture);
        return (JsonSerializer.Deserialize<RunDocument>(body, ContractJson.Options)!.Id, seq);
    }

    private async Task LookAsync(string id)
    {
        string address = _random.Next(7) switch
        {
            0 => ApiRoutes.Runs + "?limit=20&sort=-createdAt",
            1 => ApiRoutes.Runs + "?state=running,queued&tag=load&q=lora",
            2 => ApiRoutes.Queue,
            3 => ApiRoutes.Run(id, "metrics"),
            4 => ApiRoutes.Run(id, "logs") + "?tail=20",
            5 => ApiRoutes.Compare + "?runs=" + id,
            _ => ApiRoutes.Run(id),
        };
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, address);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task CancelAsync(string id)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Post, ApiRoutes.Run(id, "cancel"));
        Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.Conflict, response.StatusCode.ToString());
    }

    private async Task ReadStreamAsync(string id, CancellationToken stop)
    {
        using HttpResponseMessage response = await server.Http.GetAsync(
            ApiRoutes.Run(id, "events"), HttpCompletionOption.ResponseHeadersRead, stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(stop));
        while (await reader.ReadLineAsync(stop) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                _heard.Enqueue(JsonSerializer.Deserialize<LiveEvent>(line[6..], ContractJson.Options)!);
            }
        }
    }

    private bool HasEnded(string id) => _heard.Any(live => live.RunId == id && live.Type == LiveEventTypes.RunState
        && live.Data.Deserialize<RunDocument>(ContractJson.Options)!.State.IsTerminal());

    /// <summary>Every event was received once and in order.</summary>
    private async Task CompareAsync(string id)
    {
        List<LiveEvent> events = [.. _heard.Where(live => live.RunId == id && live.Seq > 0)];
        long[] numbers = [.. events.Select(live => live.Seq)];
        Assert.True(numbers.SequenceEqual(numbers.Distinct().Order()), $"Run {id}: the numbers are {string.Join(' ', numbers)}.");
        string[] states =
            [.. events.Where(live => live.Type == LiveEventTypes.RunState).Select(live => live.Data.GetProperty("state").GetString()!)];
        Assert.Equal("queued", states[0]);
        RunApi api = new(server.Http);
        Assert.Equal((await api.GetAsync(id)).State.ToString(), states[^1], ignoreCase: true);
        int[] steps = [.. events.Where(live => live.Type == LiveEventTypes.RunMetrics)
            .Select(live => live.Data.Deserialize<RunMetrics>(ContractJson.Options)!)
            .SelectMany(metrics => metrics.Series.TryGetValue(MetricKeys.TrainLoss, out MetricSeries? loss) ? loss.X : [])];
        IReadOnlyList<int> stored = (await api.MetricsAsync(id)).Series.TryGetValue(MetricKeys.TrainLoss, out MetricSeries? series)
            ? series.X
            : [];
        Assert.Equal(stored, steps);
        Assert.Equal(Enumerable.Range(1, steps.Length), steps);
        totals.Followed(events.Count, steps.Length);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string address, string? body = null)
    {
        using HttpRequestMessage request = new(method, address) { Content = body is null ? null : RunApi.Json(body) };
        HttpResponseMessage response = await server.Http.SendAsync(request);
        totals.Answered((int)response.StatusCode);
        Assert.True((int)response.StatusCode < 500, $"{method} {address}: {(int)response.StatusCode}");
        return response;
    }
}
