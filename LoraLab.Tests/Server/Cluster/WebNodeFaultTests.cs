using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>A web node that dies while a client follows a run.</summary>
[Trait("Category", "Long")]
public sealed class WebNodeFaultTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await TestCluster.CreateAsync(12);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WebNode_IsKilled_TheClientGoesOnAtAnother_AndMissesNothing(bool leads)
    {
        // The first one leads, and tells the others of new events.
        ServerProcess first = await _cluster.StartAsync(leads ? "web-a" : "worker", leads ? "Web" : "Worker");
        ServerProcess second = await _cluster.StartAsync(leads ? "worker" : "web-a", leads ? "Worker" : "Web");
        ServerProcess webB = await _cluster.StartAsync("web-b", "Web");
        ServerProcess webA = leads ? first : second;
        RunApi api = new(webB.Http);
        RunDocument run = await new RunApi(webA.Http).SubmitAsync("""{"notes": "steps=200 delay=20 rows=2 checkpoints=50"}""");
        using RunEvents client = new(run.Id);
        Task<bool> following = client.ReadAsync(webA.Address);
        await ProcessWait.UntilAsync(() => client.Seqs.Count > 8, TimeSpan.FromSeconds(60));
        await webA.KillAsync();
        Assert.False(await following);
        int before = client.Seqs.Count;

        while (!(await TestCluster.WaitAsync(api, run.Id, _ => true)).State.IsTerminal())
        {
            Assert.True(await client.ReadAsync(webB.Address));
        }

        Assert.True(client.Seqs.Count > before, "The run had ended before the node was killed.");
        await client.ReadAsync(webB.Address);
        using RunEvents whole = new(run.Id);
        await whole.ReadAsync(webB.Address);
        Assert.Equal(whole.Seqs, client.Seqs);
        Assert.Equal("completed", client.All[^1].Live.Data.GetProperty("state").GetString());
        Assert.Equal(LiveEventTypes.RunState, client.All[^1].Live.Type);
        await TestCluster.AssertCompleteAsync(api, await api.GetAsync(run.Id));
    }
}
