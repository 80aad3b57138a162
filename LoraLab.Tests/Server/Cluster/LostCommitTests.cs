using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Connections that are lost in the moment of a commit: it is looked up, so that nothing is done twice or not at all.</summary>
[Trait("Category", "Long")]
public sealed class LostCommitTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private DatabaseCable _web = null!;
    private DatabaseCable _worker = null!;
    private RunApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync();
        (_web, _worker) = (new DatabaseCable(_cluster.Connection), new DatabaseCable(_cluster.Connection));
        _api = new RunApi((await _cluster.StartAsync("web", "Web", (TestCluster.Postgres, _web.Connection))).Http);
        await _cluster.StartAsync("worker", "Worker", (TestCluster.Postgres, _worker.Connection));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _web.Dispose();
        _worker.Dispose();
    }

    [Fact]
    public async Task Submit_AnswerToTheCommitIsLost_CreatesEachRunOnce()
    {
        await PauseAsync(true);
        _web.LosesEvery = 1;
        List<string> ids = [];
        for (int i = 0; i < 5; i++)
        {
            ids.Add((await _api.SubmitAsync("""{"notes": "steps=2 rows=2", "tags": ["lost"]}""")).Id);
        }

        Assert.True(_web.Lost >= 5);
        _web.LosesEvery = 0;
        Assert.Equal(ids.Order(StringComparer.Ordinal), await ListAsync("lost"));
    }

    [Fact]
    public async Task Submit_CommitDoesNotArrive_IsRefused_AndStoresNothing()
    {
        (_web.CommitsArrive, _web.LosesEvery) = (false, 1);

        System.Text.Json.Nodes.JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.ServiceUnavailable, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json("""{"notes": "steps=2", "tags": ["gone"]}"""));

        _web.LosesEvery = 0;
        Assert.Equal("databaseAway", (string?)problem["code"]);
        Assert.Contains("nothing was stored", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Empty(await ListAsync("gone"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Training_EveryThirdCommitLosesItsConnection_EachStepIsThereOnce(bool arrives)
    {
        RunDocument run = await _api.SubmitAsync("""{"notes": "steps=200 delay=30 rows=2 checkpoints=20"}""");
        RunDocument started = await _api.WaitAsync(run.Id, now => now.Progress.Step > 5);
        (_worker.CommitsArrive, _worker.LosesEvery) = (arrives, 3);

        RunDocument ended = await TestCluster.EndAsync(_api, run.Id);

        _worker.LosesEvery = 0;
        Assert.True(_worker.Lost > 1);
        Assert.Equal(started.Attempts[0].ProcessId, Assert.Single(ended.Attempts).ProcessId);
        await TestCluster.AssertCompleteAsync(_api, ended);
    }

    private async Task<string[]> ListAsync(string tag)
    {
        RunList list = await _api.ReadAsync<RunList>($"api/v1/runs?limit=100&tag={tag}&sort=id");
        return [.. list.Items.Select(run => run.Id)];
    }

    private Task PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, JsonSerializer.Serialize(new QueuePatch(paused), ContractJson.Options));
}
