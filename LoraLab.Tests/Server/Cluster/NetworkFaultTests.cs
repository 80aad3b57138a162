using System.Diagnostics;
using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Faults;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>A worker in a network of its own, which is disconnected: nothing that it sends arrives, and nobody tells it so.</summary>
[Trait("Category", "Long")]
public sealed class NetworkFaultTests : IAsyncLifetime
{
    private const double Lease = 12;
    private const string Network = "loralab-test";
    private const string Here = "10.117.83.1";
    private const string There = "10.117.83.2";

    private TestCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await TestCluster.CreateAsync(Lease);

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await TryIpAsync($"netns del {Network}");
    }

    [Fact]
    public async Task Worker_IsCutOff_ItsTrainerEndsInTime_AndAnotherContinues()
    {
        await TryIpAsync($"netns del {Network}");
        string? refused = await TryIpAsync($"netns add {Network}")
            ?? await TryIpAsync($"link add {Network} type veth peer name inside netns {Network}")
            ?? await TryIpAsync($"addr add {Here}/30 dev {Network}")
            ?? await TryIpAsync($"link set {Network} up")
            ?? await TryIpAsync($"-n {Network} addr add {There}/30 dev inside")
            ?? await TryIpAsync($"-n {Network} link set inside up")
            ?? await TryIpAsync($"-n {Network} link set lo up");
        if (refused is not null)
        {
            Assert.Skip($"This system makes no network namespace ({refused}); it needs root and permission to mount.");
        }

        using DatabaseCable cable = new(_cluster.Connection, IPAddress.Parse(Here));
        // It leads, as the first one.
        ServerProcess cutOff = await _cluster.StartAsync(
            _cluster.SetupOf("worker-1", "Worker", (TestCluster.Postgres, cable.Connection)) with
            {
                Launcher = ["ip", "netns", "exec", Network],
                ReadyAt = null,
            });
        ServerProcess[] others = await Task.WhenAll(_cluster.StartAsync("web", "Web"), _cluster.StartAsync("worker-2", "Worker"));
        RunApi api = new(others[0].Http);
        await DrainAsync(api, true);
        RunDocument run = await api.SubmitAsync("""{"notes": "steps=700 delay=40 rows=2 checkpoints=20"}""");
        RunDocument training = await api.WaitAsync(run.Id, started => started.Progress.Step > 45);
        await DrainAsync(api, false);
        int trainer = training.Attempts[0].ProcessId!.Value;
        Assert.Equal("worker-1", training.Attempts[0].Node);
        Assert.Null(await TryIpAsync($"link set {Network} down"));
        Stopwatch alone = Stopwatch.StartNew();
        await ProcessWait.UntilAsync(() => !Signals.IsAlive(trainer), TimeSpan.FromSeconds(60));
        Assert.True(alone.Elapsed.TotalSeconds < Lease, $"The trainer lived {alone.Elapsed.TotalSeconds:0.0} s without the database.");
        await TestCluster.WaitAsync(api, run.Id, next => next.Attempts.Count == 2);
        Assert.Null(await TryIpAsync($"link set {Network} up"));
        RunDocument ended = await TestCluster.EndAsync(api, run.Id);

        await TestCluster.AssertCompleteAsync(api, ended);
        Assert.Equal(["worker-1", "worker-2"], ended.Attempts.Select(attempt => attempt.Node));
        Assert.True(ended.Attempts[1].ResumedFrom > 0);
        Assert.True(ended.Attempts[1].StartedAt >= ended.Attempts[0].EndedAt, "Two attempts overlap.");
        // It is back.
        Stopwatch waited = Stopwatch.StartNew();
        while ((await TestCluster.NodesAsync(api)).First(node => node.Name == "worker-1") is var node
            && node.LeaseUntil < TimeProvider.System.GetUtcNow())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"The node did not come back:\n{cutOff.Output}");
            await Polling.PauseAsync(waited);
        }
    }

    private static Task DrainAsync(RunApi api, bool draining) => api.SendAsync<NodeEntry>(
        HttpMethod.Patch,
        ApiRoutes.Node("worker-2"),
        JsonSerializer.Serialize(new NodePatch { Draining = draining }, ContractJson.Options));

    /// <summary>What <c>ip</c> says against it; null: nothing.</summary>
    private static async Task<string?> TryIpAsync(string arguments)
    {
        try
        {
            using Process ip = Process.Start(
                new ProcessStartInfo("ip", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string error = await ip.StandardError.ReadToEndAsync();
            await ip.WaitForExitAsync();
            return ip.ExitCode == 0 ? null : $"ip {arguments}: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }
    }
}
