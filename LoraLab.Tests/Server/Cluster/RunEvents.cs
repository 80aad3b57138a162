using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>A client of the server-sent events of a run, which continues on any node with the number of its last event.</summary>
internal sealed class RunEvents(string runId) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly ConcurrentQueue<(LiveEvent Live, DateTimeOffset Arrived)> _events = new();

    /// <summary>The events so far, with the moments of their arrival.</summary>
    public IReadOnlyList<(LiveEvent Live, DateTimeOffset Arrived)> All => [.. _events];

    /// <summary>Their numbers, in the order of their arrival.</summary>
    public IReadOnlyList<long> Seqs => [.. _events.Select(one => one.Live.Seq)];

    /// <summary>Reads until the stream ends; false: because the node did.</summary>
    public async Task<bool> ReadAsync(Uri node)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(node, ApiRoutes.Run(runId, "events")));
        request.Headers.Add("Last-Event-ID", Seqs.LastOrDefault().ToString(CultureInfo.InvariantCulture));
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
            string? data = null;
            while (await reader.ReadLineAsync() is { } line)
            {
                data = line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : data;
                // Only an event whose end has come counts.
                if (line.Length == 0 && data is not null)
                {
                    LiveEvent live = JsonSerializer.Deserialize<LiveEvent>(data, ContractJson.Options)!;
                    _events.Enqueue((live, TimeProvider.System.GetUtcNow()));
                    data = null;
                }
            }

            return true;
        }
        catch (Exception ended) when (ended is IOException or HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();
}
