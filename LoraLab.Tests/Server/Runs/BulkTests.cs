using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary><c>/runs:cancel</c> and <c>/runs:delete</c>, and the pages of the queue.</summary>
public sealed class BulkTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>, IAsyncLifetime
{
    private readonly RunApi _api = fixture.Api;

    public async ValueTask InitializeAsync() => await PauseAsync(true);

    public async ValueTask DisposeAsync()
    {
        await SendAsync("cancel", """{"filter":{"state":"queued,preparing,running"}}""");
        await PauseAsync(false);
    }

    [Fact]
    public async Task Cancel_ListedRuns_StopsThoseThatCanAndSaysWhyNotTheOthers()
    {
        await PauseAsync(false);
        string ended = (await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes":"steps=2"}""")).Id)).Id;
        string running = (await _api.SubmitAsync("""{"notes":"steps=400 delay@1=50"}""")).Id;
        await _api.WaitAsync(running, run => run.State == RunState.Running && run.Progress.Step > 0);
        string waiting = (await _api.SubmitAsync("{}")).Id;

        BulkResult result = await SendAsync("cancel", $$"""{"ids":["{{running}}","{{waiting}}","{{ended}}","none","{{waiting}}"]}""");

        Assert.Equal(
            [(running, RunState.Cancelling), (waiting, RunState.Cancelled)], result.Items.Select(item => (item.Id, item.State!.Value)));
        Assert.Equal(2, result.Total);
        Assert.Equal([(ended, "runEnded"), ("none", "runNotFound")], result.Skipped.Select(skip => (skip.Id, skip.Code)));
        Assert.Contains("already ended (completed)", result.Skipped[0].Detail, StringComparison.Ordinal);
        Assert.Equal(RunState.Cancelled, (await _api.WaitForEndAsync(running)).State);
    }

    [Fact]
    public async Task Cancel_Filter_StopsOnlyWhatMatches()
    {
        string one = await SubmitAsync("first");
        string other = await SubmitAsync("second");

        BulkResult result = await SendAsync("cancel", """{"filter":{"tag":"first","state":"queued"}}""");

        Assert.Equal([one], result.Items.Select(item => item.Id));
        Assert.Empty(result.Skipped);
        Assert.Equal([other], (await _api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Queued.Select(run => run.Id));
        Assert.Empty((await SendAsync("cancel", """{"filter":{"tag":"first"}}""")).Items);
    }

    [Fact]
    public async Task Delete_IdsAndFilter_RemovesRunsWithTheirFilesButNoActiveOne()
    {
        await PauseAsync(false);
        string running = (await _api.SubmitAsync("""{"notes":"steps=400 delay@1=50"}""")).Id;
        await _api.WaitAsync(running, run => run.State == RunState.Running);
        await PauseAsync(true);
        string[] tagged = [await SubmitAsync("old"), await SubmitAsync("old")];
        string kept = await SubmitAsync("new");
        string listed = await SubmitAsync("new");

        BulkResult byFilter = await SendAsync("delete", """{"filter":{"tag":"old"}}""");
        BulkResult byId = await SendAsync("delete", $$"""{"ids":["{{running}}","{{listed}}"]}""");

        Assert.Equal(tagged, byFilter.Items.Select(item => item.Id));
        Assert.All(byFilter.Items, item => Assert.Null(item.State));
        Assert.Equal([listed], byId.Items.Select(item => item.Id));
        Assert.Equal([(running, "runActive")], byId.Skipped.Select(skip => (skip.Id, skip.Code)));
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Run(tagged[0]));
        Assert.False(Directory.Exists(Path.Combine(fixture.Server.DataDirectory, "runs", listed)));
        Assert.Equal([kept], (await _api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Queued.Select(run => run.Id));
    }

    [Theory]
    [InlineData("{}", "either ids")]
    [InlineData("""{"ids":["a"],"filter":{"tag":"a"}}""", "either ids")]
    [InlineData("""{"ids":[]}""", "at least one")]
    [InlineData("""{"ids":[null]}""", "null or empty")]
    [InlineData("""{"filter":{}}""", "would select every run")]
    [InlineData("""{"filter":{"tag":" , ","q":null}}""", "would select every run")]
    [InlineData("""{"filter":{"state":"waiting"}}""", "Unknown state 'waiting'")]
    [InlineData("""{"filter":{"stat":"queued"}}""", "'filter.stat' is not a known member")]
    [InlineData("""{"ids":"a"}""", "wrong type")]
    public async Task Bulk_AmbiguousSelection_IsRefused(string body, string expected)
    {
        foreach (string action in (string[])["cancel", "delete"])
        {
            string detail = (string)(await _api.RefusedAsync(
                HttpStatusCode.BadRequest, HttpMethod.Post, $"{ApiRoutes.Runs}:{action}", RunApi.Json(body)))["detail"]!;
            Assert.Contains(expected, detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Queue_PagedByCursorAndByOffset_ShowsEveryRunInOrder()
    {
        List<string> submitted = [];
        for (int i = 0; i < 7; i++)
        {
            submitted.Add(await SubmitAsync("page"));
        }

        QueueDocument first = await QueueAsync("?limit=3");
        Assert.Equal((7, 0), (first.Total, first.Offset));
        Assert.Equal(submitted[..3], first.Queued.Select(run => run.Id));
        // The run at the cursor leaves the queue: its place still divides the pages.
        await SendAsync("cancel", $$"""{"ids":["{{submitted[2]}}"]}""");
        QueueDocument second = await QueueAsync($"?limit=3&cursor={first.NextCursor}");
        Assert.Equal((6, 2), (second.Total, second.Offset));
        Assert.Equal(submitted[3..6], second.Queued.Select(run => run.Id));
        Assert.Equal([3, 4, 5], second.Queued.Select(run => run.QueuePosition!.Value));
        QueueDocument last = await QueueAsync($"?limit=3&cursor={second.NextCursor}");
        Assert.Equal([submitted[6]], last.Queued.Select(run => run.Id));
        Assert.Null(last.NextCursor);

        QueueDocument byOffset = await QueueAsync("?offset=4&limit=500");
        Assert.Equal(submitted[5..], byOffset.Queued.Select(run => run.Id));
        Assert.Empty((await QueueAsync("?offset=100")).Queued);
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=501")]
    [InlineData("?offset=-1")]
    [InlineData("?cursor=none")]
    [InlineData("?cursor=bnVsbA")]
    [InlineData("?cursor=e30&offset=1")]
    [InlineData("?limit=many")]
    public async Task Queue_BadPage_IsRefused(string query) =>
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Queue + query);

    private async Task<string> SubmitAsync(string tag) => (await _api.SubmitAsync($$"""{"notes":"steps=2","tags":["{{tag}}"]}""")).Id;

    private Task<QueueDocument> QueueAsync(string query) => _api.ReadAsync<QueueDocument>(ApiRoutes.Queue + query);

    private Task<BulkResult> SendAsync(string action, string body) => _api.SendAsync<BulkResult>(
        HttpMethod.Post,
        $"{ApiRoutes.Runs}:{action}",
        body,
        action == "cancel" ? HttpStatusCode.Accepted : HttpStatusCode.OK);

    private Task PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, JsonSerializer.Serialize(new QueuePatch(paused), ContractJson.Options));
}
