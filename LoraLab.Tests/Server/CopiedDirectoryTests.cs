using System.Diagnostics;
using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A server touches only processes that its own data directory started; a copy has the same records.</summary>
public sealed class CopiedDirectoryTests
{
    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Server_OnACopyWhileTheFirstTrains_TouchesNothingOfIt()
    {
        using TemporaryFolder data = new();
        using TemporaryFolder copy = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        await using ServerProcess first = await ServerProcess.StartAsync(setup);
        RunApi api = new(first.Http);
        string id = (await api.SubmitAsync("""{"notes":"steps=5000 delay=40 checkpoints=5"}""")).Id;
        RunDocument running = await api.WaitAsync(id, run => run.Progress.Step > 10);
        await CopyAsync(data.Path, copy.Path);
        await using ServerProcess second = await ServerProcess.StartAsync(ScriptedServer.Setup with { DataDirectory = copy.Path });
        RunApi other = new(second.Http);
        RunDocument lost = await other.WaitAsync(id, run => run.State == RunState.Failed);

        Assert.Equal(EndReason.WorkerLost, lost.EndReason);
        Assert.Contains($"process {running.Attempts[0].ProcessId}", lost.Error, StringComparison.Ordinal);
        Assert.Contains("nothing was stopped", lost.Error, StringComparison.Ordinal);
        using (Process worker = Process.GetProcessById(running.Attempts[0].ProcessId!.Value))
        {
            Assert.False(worker.HasExited);
        }

        // The copy can go on with it, beside the first.
        await other.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(id, "resume"), expected: HttpStatusCode.Accepted);
        await other.WaitAsync(id, run => run.Attempts.Count == 2 && run.State == RunState.Running);
        RunDocument undisturbed = await api.GetAsync(id);
        Assert.Equal((RunState.Running, 1), (undisturbed.State, undisturbed.Attempts.Count));
        await api.WaitAsync(id, run => run.Progress.Step > undisturbed.Progress.Step);
        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await api.WaitForEndAsync(id);
        Assert.Equal((RunState.Cancelled, 1), (ended.State, ended.Attempts.Count));
        IReadOnlyList<int> steps = (await api.MetricsAsync(id)).Series[MetricKeys.TrainLoss].X;
        Assert.Equal(Enumerable.Range(1, steps.Count), steps);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Server_OnACopyAfterTheFirstEnded_GoesOnFromTheCheckpoint()
    {
        using TemporaryFolder data = new();
        using TemporaryFolder copy = new();
        string id;
        await using (ServerProcess first = await ServerProcess.StartAsync(ScriptedServer.Setup with { DataDirectory = data.Path }))
        {
            RunApi api = new(first.Http);
            id = (await api.SubmitAsync("""{"notes":"steps=12 delay@1=200 checkpoints=3"}""")).Id;
            await api.WaitAsync(id, run => run.Progress.Step >= 5);
            await first.KillAsync();
        }

        await CopyAsync(data.Path, copy.Path);
        await using ServerProcess second = await ServerProcess.StartAsync(ScriptedServer.Setup with { DataDirectory = copy.Path });
        RunDocument ended = await new RunApi(second.Http).WaitForEndAsync(id);

        Assert.Equal((RunState.Completed, 2), (ended.State, ended.Attempts.Count));
    }

    /// <summary>Not by .NET, which would wait for the locks of the running processes.</summary>
    private static async Task CopyAsync(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Files that are open are copied with cp.");
        }

        using Process copy = Process.Start("cp", ["-a", from + "/.", to]);
        await copy.WaitForExitAsync();
        Assert.Equal(0, copy.ExitCode);
    }
}
