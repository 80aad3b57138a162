using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary><c>/runs:batch</c>: all runs are queued, or none.</summary>
public sealed class BatchTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>, IAsyncLifetime
{
    private readonly RunApi _api = fixture.Api;

    public async ValueTask InitializeAsync() => await PauseAsync(true);

    public async ValueTask DisposeAsync()
    {
        await _api.SendAsync<BulkResult>(HttpMethod.Post, ApiRoutes.RunsDelete, """{"filter":{"tag":"batch"}}""");
        await PauseAsync(false);
    }

    [Fact]
    public async Task Batch_ThreeSeeds_AreQueuedInOrderUnderNamesOfTheirOwn()
    {
        BatchResult queued = await SubmitAsync(Body(Spec(seed: 1), Spec(seed: 2), Spec(seed: 1)));

        RunList list = await _api.ReadAsync<RunList>(ApiRoutes.Runs + "?tag=batch&sort=id");
        Assert.Equal(queued.Items.Select(run => run.Id), list.Items.Select(run => run.Id));
        Assert.Equal([1, 2, 1], list.Items.Select(run => run.Spec.Seed));
        Assert.Equal(queued.Items.Select(run => run.Name), list.Items.Select(run => run.Name));
        Assert.Equal(3, queued.Items.Select(run => run.Name).Distinct().Count());
        Assert.Equal([1, 2, 3], list.Items.Select(run => run.QueuePosition!.Value));
    }

    [Fact]
    public async Task Batch_OneBadOfMany_QueuesNothingAndNamesTheFieldsOfTheRuns()
    {
        string body = Body([.. Enumerable.Range(0, 8).Select(seed => Spec(seed)), """{"rank":0}""", """{"rnak":4}"""]);

        JsonObject problem = await RefusedAsync(body, HttpStatusCode.BadRequest);

        JsonObject errors = problem["errors"]!.AsObject();
        Assert.Equal(["runs[8].rank", "runs[9].rnak"], errors.Select(error => error.Key).Order(StringComparer.Ordinal));
        Assert.StartsWith("runs[8]: rank", (string)errors["runs[8].rank"]![0]!, StringComparison.Ordinal);
        await AssertNothingQueuedAsync();
    }

    [Theory]
    [InlineData("{}", "runs must be a list")]
    [InlineData("""{"runs":[]}""", "at least one")]
    [InlineData("""{"runs":{}}""", "runs must be a list")]
    [InlineData("""{"runs":[{},null,3]}""", "runs[1] must be an object")]
    [InlineData("""{"runs":[{}],"dryrun":true}""", "'dryrun' is not a known member")]
    [InlineData("[]", "must be a JSON object")]
    public async Task Batch_NoListOfRuns_IsRefused(string body, string expected)
    {
        JsonObject problem = await RefusedAsync(body, HttpStatusCode.BadRequest);

        Assert.Contains(expected, (string)problem["detail"]!, StringComparison.Ordinal);
        await AssertNothingQueuedAsync();
    }

    [Fact]
    public async Task Batch_TwoHundredRuns_AreQueuedAndOneMoreIsRefused()
    {
        JsonObject problem = await RefusedAsync(Body([.. Enumerable.Repeat("{}", 201)]), HttpStatusCode.BadRequest);
        Assert.Contains("runs has 201 specifications; at most 200", (string)problem["detail"]!, StringComparison.Ordinal);
        await AssertNothingQueuedAsync();

        // A body of more than the mebibyte that other routes read.
        string notes = new('n', 6_000);
        BatchResult queued = await SubmitAsync(Body(
            [.. Enumerable.Range(0, 200).Select(seed => $$"""{"notes":"{{notes}}","seed":{{seed}},"tags":["batch"]}""")]));

        Assert.Equal(200, queued.Items.Count);
        Assert.Equal(200, (await _api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Total);
    }

    [Fact]
    public async Task Batch_DryRun_ChecksAllAndQueuesNothing()
    {
        BatchDryRun dry = await _api.SendAsync<BatchDryRun>(
            HttpMethod.Post, ApiRoutes.RunsBatch + "?dryRun=true", Body(Spec(1), Spec(2)));

        Assert.Equal([1, 2], dry.Items.Select(run => run.Spec.Seed));
        Assert.Equal(2, dry.Items.Select(run => run.Name).Distinct().Count());
        await AssertNothingQueuedAsync();
    }

    [Fact]
    public async Task Batch_SameIdempotencyKey_QueuesOnceAndRefusesAnotherBody()
    {
        string key = Guid.NewGuid().ToString();
        (string first, bool replayed) = await SubmitOnceAsync(key, Body(Spec(1), Spec(2)), HttpStatusCode.Created);
        (string second, bool again) = await SubmitOnceAsync(key, Body(Spec(1), Spec(2)), HttpStatusCode.Created);

        Assert.Equal((false, true), (replayed, again));
        Assert.Equal(first, second);
        Assert.Equal(2, (await _api.ReadAsync<RunList>(ApiRoutes.Runs + "?tag=batch")).Total);
        await SubmitOnceAsync(key, Body(Spec(3)), HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Batch_BodyAboveEightMebibytes_IsRefused()
    {
        string tooLarge = Body($$"""{"notes":"{{new string('n', 8 << 20)}}"}""");
        using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.RunsBatch) { Content = RunApi.Json(tooLarge) };
        // The server refuses it by its length; a client that sends on regardless may lose the connection before it reads the answer.
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage response = await _api.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("8192 KiB", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static string Spec(int seed) => $$"""{"notes":"steps=2","seed":{{seed}},"tags":["batch"]}""";

    private static string Body(params string[] specs) => $$"""{"runs":[{{string.Join(',', specs)}}]}""";

    private Task<BatchResult> SubmitAsync(string body) =>
        _api.SendAsync<BatchResult>(HttpMethod.Post, ApiRoutes.RunsBatch, body, HttpStatusCode.Created);

    private Task<JsonObject> RefusedAsync(string body, HttpStatusCode status) =>
        _api.RefusedAsync(status, HttpMethod.Post, ApiRoutes.RunsBatch, RunApi.Json(body));

    private async Task<(string Body, bool Replayed)> SubmitOnceAsync(string key, string body, HttpStatusCode expected)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.RunsBatch) { Content = RunApi.Json(body) };
        request.Headers.Add("Idempotency-Key", key);
        using HttpResponseMessage response = await _api.Http.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
        return (await response.Content.ReadAsStringAsync(), response.Headers.Contains("Idempotency-Replayed"));
    }

    private async Task AssertNothingQueuedAsync() => Assert.Equal(0, (await _api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Total);

    private Task PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, JsonSerializer.Serialize(new QueuePatch(paused), ContractJson.Options));
}
