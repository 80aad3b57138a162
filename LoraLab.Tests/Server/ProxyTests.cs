using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>What proxies and clients rely on: events that are not buffered or cut, HEAD, downloads without a second copy.</summary>
public sealed class ProxyTests(ProxyTests.TightServer fixture) : IClassFixture<ProxyTests.TightServer>
{
    private readonly RunApi _api = new(fixture.Server.Http);
    private readonly HttpClient _http = fixture.Server.Http;

    [Fact]
    [Trait("Category", "Long")]
    public async Task Events_QuietRun_AreNotBufferedAndSendCommentsFromTheStart()
    {
        await _api.SendAsync<JsonObject>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");
        RunDocument run = await _api.SubmitAsync("""{"notes":"steps=1"}""");
        try
        {
            Stopwatch waited = Stopwatch.StartNew();
            using HttpResponseMessage response =
                await _http.GetAsync(ApiRoutes.Run(run.Id, "events"), HttpCompletionOption.ResponseHeadersRead);
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), "The headers came late.");
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
            Assert.True(response.Headers.CacheControl?.NoCache);

            using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
            List<TimeSpan> comments = [];
            while (comments.Count < 2)
            {
                string line = (await lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(40)))!;
                if (line.StartsWith(':'))
                {
                    comments.Add(waited.Elapsed);
                }
            }

            Assert.InRange((comments[1] - comments[0]).TotalSeconds, 10, 20);
        }
        finally
        {
            await _api.SendAsync<JsonObject>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":false}""");
        }
    }

    [Fact]
    public async Task Head_WhereverGetAnswers_HasItsStatusAndHeadersAndNoBody()
    {
        RunDocument run = await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes":"steps=2"}""")).Id);
        JsonNode document = JsonNode.Parse(await _http.GetStringAsync("/openapi/v1.json"))!;
        IEnumerable<string> described = document["paths"]!.AsObject().Where(path => path.Value!["get"] is not null).Select(path => path.Key
            .Replace("{id}", run.Id, StringComparison.Ordinal).Replace("{name}", "spec.json", StringComparison.Ordinal)
            .Replace("{figure}", "cost", StringComparison.Ordinal));
        string[] others = ["/", "/runs/new", "/index.html", "/css/base.css", "/openapi/v1.json", "/api-docs/", "/health/live"];
        foreach (string path in (string[])[.. described, .. others])
        {
            (HttpStatusCode Status, string? Type, long? Length, int Body) get = await AskAsync(HttpMethod.Get, path);
            (HttpStatusCode Status, string? Type, long? Length, int Body) head = await AskAsync(HttpMethod.Head, path);

            Assert.True((get.Status, get.Type) == (head.Status, head.Type) && head.Body == 0, $"{path}: GET {get}, HEAD {head}");
            Assert.True(head.Length is null || head.Length == (get.Length ?? get.Body), $"{path}: GET {get}, HEAD {head}");
        }
    }

    [Fact]
    public async Task Head_OfAWaitingRunsEvents_EndsAtOnce()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"steps=100 delay=50"}""");
        using HttpRequestMessage request = new(HttpMethod.Head, ApiRoutes.Run(run.Id, "events"));
        using HttpResponseMessage response = await _http.SendAsync(request).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal((HttpStatusCode.OK, "no"), (response.StatusCode, response.Headers.GetValues("X-Accel-Buffering").Single()));
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Adapter_WithoutATemporaryFolder_IsStreamed()
    {
        RunDocument run = await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes":"steps=1"}""")).Id);
        byte[] weights = new byte[3 << 20];
        new Random(7).NextBytes(weights);
        string folder = Path.Combine(fixture.Server.DataDirectory, "runs", run.Id, "adapter");
        await File.WriteAllBytesAsync(Path.Combine(folder, "adapter_model.safetensors"), weights);

        using HttpResponseMessage response = await _http.GetAsync(ApiRoutes.Run(run.Id, "adapter"));
        using ZipArchive zip = new(await response.Content.ReadAsStreamAsync());

        Assert.Equal("application/zip", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], zip.Entries.Select(entry => entry.FullName));
        using MemoryStream read = new();
        await using (Stream entry = await zip.Entries[1].OpenAsync())
        {
            await entry.CopyToAsync(read);
        }

        Assert.True(weights.AsSpan().SequenceEqual(read.ToArray()), "The zip has other bytes.");
    }

    private async Task<(HttpStatusCode Status, string? Type, long? Length, int Body)> AskAsync(HttpMethod method, string path)
    {
        using HttpRequestMessage request = new(method, path);
        using HttpResponseMessage response =
            await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(TimeSpan.FromSeconds(60));
        // As sent: the client's own property counts what it has read.
        long? length = response.Content.Headers.NonValidated.TryGetValues("Content-Length", out HeaderStringValues sent)
            ? long.Parse(sent.ToString(), CultureInfo.InvariantCulture)
            : null;
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        return (response.StatusCode, response.Content.Headers.ContentType?.MediaType, length, body.Length);
    }

    /// <summary>A server whose temporary folder does not exist.</summary>
    public sealed class TightServer : IAsyncLifetime
    {
        internal ServerProcess Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string>(ScriptedServer.Setup.Environment) { ["TMPDIR"] = "/nowhere/at/all" },
        });

        public async ValueTask DisposeAsync()
        {
            if (Server is not null)
            {
                await Server.DisposeAsync();
            }
        }
    }
}
