using System.Globalization;
using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>Limits per client and of the queue.</summary>
public sealed class LimitTests(LimitTests.NarrowServer fixture) : IClassFixture<LimitTests.NarrowServer>
{
    private const int PerMinute = 60;
    private static readonly ServerKey _key = new("ci", "submit");
    private static readonly ServerKey _other = new("other", "admin");
    private readonly ServerProcess _server = fixture.Server;

    [Fact]
    public async Task Requests_ThroughAProxyAboveTheLimit_AreRefusedWithATimeAndOthersAreNot()
    {
        List<HttpStatusCode> codes = [];
        for (int i = 0; i < PerMinute + 20; i++)
        {
            using HttpResponseMessage response = await SendAsync(_key, proxied: true);
            codes.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                await KeyTests.IsProblemAsync(response, HttpStatusCode.TooManyRequests, "tooManyRequests");
                Assert.True(response.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
                break;
            }
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, codes);
        Assert.True(codes.Count >= PerMinute, $"Refused after {codes.Count} requests.");
        using HttpResponseMessage other = await SendAsync(_other, proxied: true);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Requests_OfTheMachineItself_HaveNoLimit()
    {
        for (int i = 0; i < 2 * PerMinute; i++)
        {
            using HttpResponseMessage response = await SendAsync(_key, proxied: false);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task Submit_WhenAsManyWaitAsMay_IsRefusedUntilOneHasGone()
    {
        RunApi api = new(fixture.Owner);
        await api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");
        RunDocument first = await api.SubmitAsync("{}");
        await api.SubmitAsync("{}");

        using HttpResponseMessage full = await fixture.Owner.PostAsync(ApiRoutes.Runs, RunApi.Json("{}"));
        await KeyTests.IsProblemAsync(full, HttpStatusCode.TooManyRequests, "queueFull");
        Assert.True(full.Headers.RetryAfter?.Delta > TimeSpan.Zero);

        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(first.Id, "cancel"), expected: HttpStatusCode.Accepted);
        await api.SubmitAsync("{}");
    }

    [Fact]
    public async Task Body_AboveTheLimit_IsRefused()
    {
        await new RunApi(fixture.Owner).RefusedAsync(
            HttpStatusCode.RequestEntityTooLarge,
            HttpMethod.Post,
            ApiRoutes.Runs,
            RunApi.Json($$"""{"notes":"{{new string('x', 2 << 20)}}"}"""));
    }

    private async Task<HttpResponseMessage> SendAsync(ServerKey key, bool proxied)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, ApiRoutes.Queue);
        request.Headers.Authorization = key.Header;
        if (proxied)
        {
            request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        }

        return await _server.Http.SendAsync(request);
    }

    /// <summary>A server with low limits.</summary>
    public sealed class NarrowServer : IAsyncLifetime
    {
        internal ServerProcess Server { get; private set; } = null!;

        internal HttpClient Owner { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await ServerProcess.StartAsync(ScriptedServer.Setup with
            {
                Environment = new Dictionary<string, string>(ServerKey.Environment(_key, _other))
                {
                    ["LoraLab__Limits__RequestsPerMinute"] = PerMinute.ToString(CultureInfo.InvariantCulture),
                    ["LoraLab__Limits__QueuedRuns"] = "2",
                },
            });
            Owner = SchemaCheck.CreateClient(Server.Address);
            Owner.DefaultRequestHeaders.Authorization = _other.Header;
        }

        public async ValueTask DisposeAsync()
        {
            if (Server is not null)
            {
                Owner.Dispose();
                await Server.DisposeAsync();
            }
        }
    }
}
