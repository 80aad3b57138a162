using System.Diagnostics;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Warm workers, on a server with the scripted worker.</summary>
public sealed class WarmWorkerTests : IDisposable
{
    private const string Idle = "SCRIPTED_IDLE";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private readonly TemporaryFolder _data = new();

    [Fact]
    public async Task Submit_IdleLane_RunsInTheProcessThatWaitedAndAnotherFollowsIt()
    {
        await using ServerProcess server = await StartAsync();
        RunApi api = new(server.Http);
        int waiting = (await WorkersAsync(1))[0];

        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=4 delay=50"}""")).Id);
        IReadOnlyList<int> workers = await WorkersAsync(2);

        Assert.Equal((RunState.Completed, waiting), (run.State, run.Attempts[0].ProcessId));
        Assert.Equal(workers[1], (await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=1"}""")).Id)).Attempts[0].ProcessId);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Running_TheOnlyLane_HasNoIdleWorkerBesideIt()
    {
        await using ServerProcess server = await StartAsync();
        RunApi api = new(server.Http);
        await WorkersAsync(1);
        RunDocument run = await api.SubmitAsync("""{"notes":"steps=1000 delay=20"}""");
        await api.WaitAsync(run.Id, now => now.Progress.Step > 20);

        Assert.Single(Workers());

        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: System.Net.HttpStatusCode.Accepted);
        Assert.Equal(RunState.Cancelled, (await api.WaitForEndAsync(run.Id)).State);
    }

    [Fact]
    public async Task IdleWorker_Killed_IsReplacedAndTheNextRunIsFine()
    {
        await using ServerProcess server = await StartAsync();
        RunApi api = new(server.Http);
        using (Process idle = Process.GetProcessById((await WorkersAsync(1))[0]))
        {
            idle.Kill();
        }

        int next = (await WorkersAsync(2))[1];
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=1"}""")).Id);

        Assert.Equal((RunState.Completed, next), (run.State, run.Attempts[0].ProcessId));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task IdleWorker_ThatAlwaysDies_IsTriedMoreAndMoreSeldomAndRunsStartCold()
    {
        await using ServerProcess server = await StartAsync((Idle, "dies"));
        RunApi api = new(server.Http);
        await WorkersAsync(2);
        await Task.Delay(TimeSpan.FromSeconds(3));

        // 0 s, then 1 and 2 s after each death; a tight loop would have started dozens.
        Assert.InRange(Workers().Count, 2, 4);
        Assert.Contains("exited with code 7", server.Output, StringComparison.Ordinal);
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=1"}""")).Id);
        Assert.Equal(RunState.Completed, run.State);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task IdleWorker_ThatTalks_IsHeardByTheServersLogNotTheRuns()
    {
        await using ServerProcess server = await StartAsync((Idle, "talks"));
        RunApi api = new(server.Http);
        await WorkersAsync(1);
        await UntilAsync(() => server.Output.Contains("a word from the idle", StringComparison.Ordinal));

        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=1"}""")).Id);

        string log = await server.Http.GetStringAsync(ApiRoutes.Run(run.Id, "logs?tail=100"));
        Assert.Contains($"pid {run.Attempts[0].ProcessId} runs", log, StringComparison.Ordinal);
        Assert.DoesNotContain("a word from the idle", log, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task WarmWorkers_SwitchedOff_StartsAProcessForEachRunOnly()
    {
        await using ServerProcess server = await StartAsync(("LoraLab__WarmWorkers", "false"));
        RunApi api = new(server.Http);

        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes":"steps=1"}""")).Id);

        Assert.Equal(RunState.Completed, run.State);
        Assert.Equal([run.Attempts[0].ProcessId!.Value], Workers());
    }

    [Fact]
    public async Task Server_Gone_TakesItsIdleWorkerWithIt()
    {
        int idle;
        await using (ServerProcess server = await StartAsync())
        {
            idle = (await WorkersAsync(1))[0];
            await server.KillAsync();
        }

        await UntilAsync(() => !Lives(idle));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Lanes_OfGpusAndTheCpu_EachWorkerSeesItsOwn()
    {
        await using ServerProcess server = await StartAsync(
            ("LoraLab__Devices__0", "cpu"), ("LoraLab__Devices__1", "cuda:1"), ("CUDA_VISIBLE_DEVICES", "4,GPU-5e"));
        RunApi api = new(server.Http);

        string cpu = await LogAsync(api, server, "cpu");
        string gpu = await LogAsync(api, server, "cuda:1");

        Assert.Contains("CUDA_VISIBLE_DEVICES is -1", cpu, StringComparison.Ordinal);
        Assert.Contains("LORALAB_DEVICE is unset", cpu, StringComparison.Ordinal);
        Assert.All(["CUDA_VISIBLE_DEVICES is GPU-5e", "CUDA_DEVICE_ORDER is PCI_BUS_ID", "LORALAB_DEVICE is cuda:1"], line =>
            Assert.Contains(line, gpu, StringComparison.Ordinal));
    }

    public void Dispose() => _data.Dispose();

    private static async Task<string> LogAsync(RunApi api, ServerProcess server, string device)
    {
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync($$"""{"notes":"steps=1 env","device":"{{device}}"}""")).Id);
        return await server.Http.GetStringAsync(ApiRoutes.Run(run.Id, "logs?tail=100"));
    }

    private static bool Lives(int id) => ProcessWait.Lives(id);

    private static Task UntilAsync(Func<bool> holds) => ProcessWait.UntilAsync(holds, _patience);

    private Task<ServerProcess> StartAsync(params (string Key, string Value)[] environment) =>
        ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            DataDirectory = _data.Path,
            Environment = ScriptedServer.Setup.Environment.Concat(environment.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)))
                .ToDictionary(),
        });

    /// <summary>The worker processes, once there are <paramref name="count"/>.</summary>
    private async Task<IReadOnlyList<int>> WorkersAsync(int count)
    {
        await UntilAsync(() => Workers().Count >= count);
        return Workers();
    }

    private IReadOnlyList<int> Workers()
    {
        string list = Path.Combine(_data.Path, "workers.txt");
        return File.Exists(list)
            ? [.. File.ReadAllLines(list).Select(line => int.Parse(line, System.Globalization.CultureInfo.InvariantCulture))]
            : [];
    }
}
