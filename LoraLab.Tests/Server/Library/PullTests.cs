using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Live;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Hub;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>Downloads as jobs of the server, with a scripted trainer; one with the real one and a hub of our own.</summary>
[Collection(nameof(SharedServer))]
public sealed class PullTests(ScriptedServer fixture)
{
    private readonly HttpClient _http = fixture.Server.Http;

    [Fact]
    public async Task Pull_Model_ReportsItsProgressToEverybodyAndCompletes()
    {
        await using HubConnection hub = new HubConnectionBuilder().WithUrl(new Uri(fixture.Server.Address, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions)).Build();
        List<PullDocument> seen = [];
        TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        hub.On<LiveEvent>(LiveHub.Event, live =>
        {
            if (live.Type == LiveEventTypes.PullChanged
                && live.Data.Deserialize<PullNotice>(ContractJson.Options)!.Pull is { Name: "scripted/model" } pull)
            {
                seen.Add(pull);
                if (pull.Ended())
                {
                    completed.TrySetResult();
                }
            }
        });
        await hub.StartAsync(TestContext.Current.CancellationToken);
        await hub.InvokeAsync<long>(
            LiveHub.Subscribe, new[] { LiveHub.System }, null, TestContext.Current.CancellationToken);

        using HttpResponseMessage response = await PostAsync(ApiRoutes.ModelsPull, "scripted/model", "v1");
        PullDocument started = await ReadAsync(response);
        await completed.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(ApiRoutes.Pull(started.Id), response.Headers.Location!.OriginalString);
        Assert.Contains(
            seen, pull => pull is { State: PullState.Running, Files: 1, TotalFiles: 2, Bytes: 1_000_000, TotalBytes: 2_000_000 });
        PullDocument ended = await GetAsync(started.Id);
        Assert.Equal((PullState.Completed, "v1", new string('a', 40)), (ended.State, ended.Revision, ended.Commit));
        Assert.NotNull(ended.EndedAt);
        Assert.Contains((await ListAsync()).Items, pull => pull.Id == started.Id);
    }

    [Fact]
    public async Task Pull_CancelledAndStartedAgain_IsOneJobOfItsName()
    {
        PullDocument first = await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, "scripted/slow"));
        PullDocument again = await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, "scripted/slow"));
        using HttpResponseMessage other = await PostAsync(ApiRoutes.ModelsPull, "scripted/slow", "v2");
        await WaitAsync(first.Id, pull => pull.Bytes > 0);
        using HttpResponseMessage early = await _http.DeleteAsync(ApiRoutes.Pull(first.Id), TestContext.Current.CancellationToken);

        using HttpResponseMessage cancelled = await _http.PostAsync(
            ApiRoutes.Pull(first.Id, "cancel"), null, TestContext.Current.CancellationToken);
        PullDocument ended = await WaitAsync(first.Id, pull => pull.Ended());

        Assert.Equal(first.Id, again.Id);
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        Assert.Equal(PullState.Cancelled, ended.State);
        Assert.Contains("start it again", ended.Error, StringComparison.Ordinal);

        PullDocument next = await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, "scripted/slow"));
        Assert.DoesNotContain((await ListAsync()).Items, pull => pull.Id == first.Id);
        await _http.PostAsync(ApiRoutes.Pull(next.Id, "cancel"), null, TestContext.Current.CancellationToken);
        await WaitAsync(next.Id, pull => pull.Ended());
        using HttpResponseMessage deleted = await _http.DeleteAsync(ApiRoutes.Pull(next.Id), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.DoesNotContain((await ListAsync()).Items, pull => pull.Id == next.Id);
    }

    [Theory]
    [InlineData("scripted/fails", "The hub has no repository 'scripted/fails'.")]
    [InlineData("scripted/dies", "The trainer ended without a result (exit code 137). Killed.")]
    public async Task Pull_Failing_SaysWhy(string name, string expected)
    {
        PullDocument started = await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, name));

        PullDocument ended = await WaitAsync(started.Id, pull => pull.Ended());

        Assert.Equal((PullState.Failed, expected), (ended.State, ended.Error));
    }

    [Fact]
    public async Task Pull_WithoutName_SaysWhatTheBodyLacks()
    {
        using StringContent body = new("{}", System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(ApiRoutes.ModelsPull, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("\"The body has no name; add it.\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ApiRoutes.ModelsPull, "sst2", null, "name")]
    [InlineData(ApiRoutes.ModelsPull, "../../etc", null, "name")]
    [InlineData(ApiRoutes.ModelsPull, "--help/x", null, "name")]
    [InlineData(ApiRoutes.ModelsPull, "a/b\n", null, "name")]
    [InlineData(ApiRoutes.ModelsPull, "https://example.org/a", null, "name")]
    [InlineData(ApiRoutes.DatasetsPull, "owner/name", null, "name")]
    [InlineData(ApiRoutes.ModelsPull, "owner/name", "a b", "revision")]
    [InlineData(ApiRoutes.ModelsPull, "owner/name", "v1@v2", "revision")]
    public async Task Pull_BadRequest_IsRefusedByField(string route, string name, string? revision, string field)
    {
        using HttpResponseMessage response = await PostAsync(route, name, revision);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonNode problem = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Contains(field, problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Pull_ServerStoppedAndKilled_IsInterruptedWithASentence()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        string stopped, killed;
        await using (ServerProcess server = await ServerProcess.StartAsync(setup))
        {
            stopped = (await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, "scripted/slow", http: server.Http))).Id;
            await WaitAsync(stopped, pull => pull.Bytes > 0, server.Http);
            await server.StopAsync();
        }

        await using (ServerProcess server = await ServerProcess.StartAsync(setup))
        {
            await AssertInterruptedAsync(stopped, server.Http);
            killed = (await ReadAsync(await PostAsync(ApiRoutes.DatasetsPull, "scripted-slow", http: server.Http))).Id;
            await WaitAsync(killed, pull => pull.Bytes > 0, server.Http);
            await server.KillAsync();
        }

        await using (ServerProcess server = await ServerProcess.StartAsync(setup))
        {
            await AssertInterruptedAsync(killed, server.Http);
            PullDocument again = await ReadAsync(await PostAsync(ApiRoutes.DatasetsPull, "scripted-slow", http: server.Http));
            await WaitAsync(again.Id, pull => pull.State == PullState.Running, server.Http);
        }
    }

    [Fact]
    public async Task Pull_FromAHub_MakesTheModelUsable()
    {
        await using FakeHub hub = await FakeHub.StartAsync();
        hub.Files["config.json"] = System.Text.Encoding.UTF8.GetBytes(HandmadeModel.Config);
        hub.Files["tokenizer.model"] = HandmadeModel.Tokenizer();
        hub.Files["model.safetensors"] = HandmadeModel.Safetensors(HandmadeModel.Weights(), bytes: 200_000);
        await using ServerProcess server = await ServerProcess.StartAsync(new()
        {
            Environment = new Dictionary<string, string> { ["HF_ENDPOINT"] = hub.Address.AbsoluteUri, ["HF_TOKEN"] = "" },
        });

        PullDocument started = await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, "owner/tiny", http: server.Http));
        PullDocument ended = await WaitAsync(started.Id, pull => pull.Ended(), server.Http);
        PullDocument other = await ReadAsync(await PostAsync(ApiRoutes.ModelsPull, "owner/other", http: server.Http));
        PullDocument missing = await WaitAsync(other.Id, pull => pull.Ended(), server.Http);

        Assert.Equal((PullState.Completed, null, FakeHub.Commit), (ended.State, ended.Error, ended.Commit));
        Assert.Equal((3, 3, hub.Files.Values.Sum(file => (long)file.Length)), (ended.Files, ended.TotalFiles, ended.Bytes));
        ModelEntry[] models = (await server.Http.GetFromJsonAsync<ModelEntry[]>(
            ApiRoutes.Models, ContractJson.Options, TestContext.Current.CancellationToken))!;
        ModelEntry pulled = models.Single(model => model.Name == "owner/tiny");
        Assert.Equal((true, true), (pulled.Usable, pulled.Deletable));
        using HttpResponseMessage deleted = await server.Http.DeleteAsync(
            $"{ApiRoutes.Models}/owner%2Ftiny", TestContext.Current.CancellationToken);
        using HttpResponseMessage gone = await server.Http.DeleteAsync(
            $"{ApiRoutes.Models}/owner/tiny", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (deleted.StatusCode, gone.StatusCode));
        string owner = Path.Combine(server.DataDirectory, "models", "owner");
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(owner), path => path.Contains("tiny", StringComparison.Ordinal));
        Assert.Equal(PullState.Failed, missing.State);
        Assert.Contains("owner/other", missing.Error, StringComparison.Ordinal);
    }

    private static async Task AssertInterruptedAsync(string id, HttpClient http)
    {
        PullDocument pull = (await http.GetFromJsonAsync<PullDocument>(
            ApiRoutes.Pull(id), ContractJson.Options, TestContext.Current.CancellationToken))!;
        Assert.Equal(PullState.Interrupted, pull.State);
        Assert.Contains("The server was stopped", pull.Error, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> PostAsync(string route, string name, string? revision = null, HttpClient? http = null) =>
        await (http ?? _http).PostAsJsonAsync(
            route, new PullRequest { Name = name, Revision = revision }, ContractJson.Options, TestContext.Current.CancellationToken);

    private static async Task<PullDocument> ReadAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<PullDocument>(ContractJson.Options, TestContext.Current.CancellationToken))!;

    private async Task<PullDocument> GetAsync(string id, HttpClient? http = null) =>
        (await (http ?? _http).GetFromJsonAsync<PullDocument>(
            ApiRoutes.Pull(id), ContractJson.Options, TestContext.Current.CancellationToken))!;

    private async Task<PullList> ListAsync() => (await _http.GetFromJsonAsync<PullList>(
        ApiRoutes.Pulls, ContractJson.Options, TestContext.Current.CancellationToken))!;

    private async Task<PullDocument> WaitAsync(string id, Func<PullDocument, bool> until, HttpClient? http = null)
    {
        for (int tries = 0; ; tries++)
        {
            PullDocument pull = await GetAsync(id, http);
            if (until(pull))
            {
                return pull;
            }

            Assert.True(tries < 600, $"The download stayed {pull.State} with {pull.Bytes} bytes.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
