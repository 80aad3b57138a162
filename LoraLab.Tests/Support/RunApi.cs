using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>Client of the REST API for tests.</summary>
internal sealed class RunApi(HttpClient http)
{
    private static readonly TimeSpan _defaultTimeout = TimeSpan.FromSeconds(60);

    public HttpClient Http => http;

    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    public async Task<RunDocument> SubmitAsync(string json)
    {
        using HttpResponseMessage response = await http.PostAsync(ApiRoutes.Runs, Json(json));
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        return JsonSerializer.Deserialize<RunDocument>(body, ContractJson.Options)!;
    }

    public Task<RunDocument> GetAsync(string id) => ReadAsync<RunDocument>(ApiRoutes.Run(id));

    public Task<RunMetrics> MetricsAsync(string id) => ReadAsync<RunMetrics>(ApiRoutes.Run(id, "metrics"));

    public async Task<T> ReadAsync<T>(string url) => (await http.GetFromJsonAsync<T>(url, ContractJson.Options))!;

    public async Task<T> SendAsync<T>(HttpMethod method, string url, string? json = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpRequestMessage request = new(method, url) { Content = json is null ? null : Json(json) };
        using HttpResponseMessage response = await http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} {body}");
        return JsonSerializer.Deserialize<T>(body, ContractJson.Options)!;
    }

    /// <summary>Sends a request that must be rejected, and returns the problem document.</summary>
    public async Task<JsonObject> RefusedAsync(HttpStatusCode status, HttpMethod method, string url, HttpContent? content = null)
    {
        using HttpRequestMessage request = new(method, url) { Content = content };
        using HttpResponseMessage response = await http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} {body}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        JsonObject problem = JsonNode.Parse(body)!.AsObject();
        Assert.False(string.IsNullOrEmpty((string?)problem["detail"]), body);
        Assert.False(string.IsNullOrEmpty((string?)problem["code"]), body);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        return problem;
    }

    public Task<RunDocument> WaitForEndAsync(string id, TimeSpan? timeout = null) => WaitAsync(id, run => run.State.IsTerminal(), timeout);

    public async Task<RunDocument> WaitAsync(string id, Predicate<RunDocument> condition, TimeSpan? timeout = null)
    {
        Stopwatch stopwatch = Stopwatch.StartNew();
        while (true)
        {
            RunDocument run = await GetAsync(id);
            if (condition(run))
            {
                return run;
            }

            Assert.True(
                stopwatch.Elapsed < (timeout ?? _defaultTimeout) && !run.State.IsTerminal(),
                $"Run {id} is {run.State} ({run.Error}) at step {run.Progress.Step}; waited {stopwatch.Elapsed.TotalSeconds:0} s.");
            await Polling.PauseAsync(stopwatch);
        }
    }
}
