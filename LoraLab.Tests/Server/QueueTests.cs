using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Order, priority, pause.</summary>
public sealed class QueueTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = fixture.Api;

    [Fact]
    public async Task Queue_PausedThenReordered_RunsInThatOrderWhenItGoesOn()
    {
        await PauseAsync(true);
        string a = await SubmitAsync(0);
        string b = await SubmitAsync(0);
        string c = await SubmitAsync(0);
        string high = await SubmitAsync(5);
        string gone = await SubmitAsync(9);
        Assert.Equal([gone, high, a, b, c], await OrderAsync());

        RunDocument cancelled = await _api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(gone, "cancel"), expected: HttpStatusCode.Accepted);
        Assert.Equal(RunState.Cancelled, cancelled.State);
        await MoveAsync($$"""{"runId":"{{c}}","position":"top"}""");
        Assert.Equal([c, high, a, b], await OrderAsync());
        await MoveAsync($$"""{"runId":"{{high}}","position":"bottom"}""");
        Assert.Equal([c, a, b, high], await OrderAsync());
        await MoveAsync($$"""{"runId":"{{b}}","position":"up"}""");
        await MoveAsync($$"""{"runId":"{{c}}","position":"down"}""");
        Assert.Equal([b, c, a, high], await OrderAsync());
        await MoveAsync($$"""{"runId":"{{high}}","before":"{{c}}"}""");
        Assert.Equal([b, high, c, a], await OrderAsync());
        Assert.Equal(2, (await _api.GetAsync(high)).QueuePosition);

        await PauseAsync(false);
        foreach (string id in new[] { a, b, c, high })
        {
            await _api.WaitForEndAsync(id);
        }

        RunDocument[] runs = [await _api.GetAsync(b), await _api.GetAsync(high), await _api.GetAsync(c), await _api.GetAsync(a)];
        Assert.Equal(runs.Select(run => run.Id), runs.OrderBy(run => run.StartedAt).Select(run => run.Id));
        Assert.All(runs.Zip(runs.Skip(1)), pair =>
            Assert.True(pair.First.EndedAt <= pair.Second.StartedAt, "Two runs overlapped on one lane."));
    }

    [Theory]
    [InlineData("""{"runId":"nope","position":"top"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"runId":"nope"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"position":"top"}""", HttpStatusCode.NotFound)]
    [InlineData("""{"runId":5,"position":"top"}""", HttpStatusCode.BadRequest)]
    public async Task Reorder_BadMove_IsRefused(string move, HttpStatusCode status) =>
        await _api.RefusedAsync(status, HttpMethod.Post, ApiRoutes.QueueReorder, RunApi.Json(move));

    [Fact]
    public async Task Patch_WithoutPaused_IsRefused() =>
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Patch, ApiRoutes.Queue, RunApi.Json("{}"));

    private async Task<string> SubmitAsync(int priority) =>
        (await _api.SubmitAsync($$"""{"priority":{{priority}},"notes":"steps=1"}""")).Id;

    private Task PauseAsync(bool paused) =>
        _api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, paused ? """{"paused":true}""" : """{"paused":false}""");

    private Task MoveAsync(string move) => _api.SendAsync<QueueDocument>(HttpMethod.Post, ApiRoutes.QueueReorder, move);

    private async Task<IEnumerable<string>> OrderAsync() =>
        (await _api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Queued.Select(run => run.Id);
}
