using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>A data directory on a real file system that is actually full.</summary>
public sealed class DiskFullTests
{
    /// <summary>Checkpoints of some MiB: larger than the reserve.</summary>
    private const string Spec = """
        {"model":"sample","dataset":"sample","method":"lora","rank":32,"alpha":32,"targetModules":"all-linear",
         "learningRate":0.002,"precision":"fp32","lossScope":"completion","trainSamples":48,
         "effectiveBatch":4,"evalEvery":3,"evalSamples":16,"name":"NAME"}
        """;

    [Fact]
    [Trait("Category", "Long")]
    public async Task Disk_FullWhileARunWrites_TheRunSaysSoNothingIsLostAndItGoesOnLater()
    {
        using SmallDisk disk = new(64);
        ServerSetup setup = new()
        {
            DataDirectory = disk.Path,
            Environment = new Dictionary<string, string>
            {
                ["LoraLab__DiskReserveMb"] = "1",
                ["LoraLab__MinimumFreeMb"] = "4",
                ["LoraLab__Retention__KeepCompletedCheckpoints"] = "true",
            },
        };
        await using ServerProcess server = await ServerProcess.StartAsync(setup);
        RunApi api = new(server.Http);
        RunDocument before =
            await api.WaitForEndAsync((await api.SubmitAsync(Spec.Replace("NAME", "before", StringComparison.Ordinal))).Id);
        Assert.Equal(RunState.Completed, before.State);
        MicroRun undisturbed = await MicroRun.ReadAsync(api, before, disk.Path);
        RunArtifacts files = await api.ReadAsync<RunArtifacts>(ApiRoutes.Run(before.Id, "artifacts"));
        long checkpoint = files.Items.Where(item => item.Kind == ArtifactKind.Checkpoint).Sum(item => item.Bytes) / 2;
        Assert.True(checkpoint > 3 << 19, $"A checkpoint has only {checkpoint} bytes.");

        // Space for less than three checkpoints, even after the reserve is freed.
        disk.Fill(leave: (long)(2.8 * checkpoint));
        RunDocument hit = await api.WaitForEndAsync((await api.SubmitAsync(Spec.Replace("NAME", "hit", StringComparison.Ordinal))).Id);

        Assert.Equal((RunState.Failed, EndReason.DiskFull), (hit.State, hit.EndReason));
        Assert.Contains("disk is full", hit.Error, StringComparison.Ordinal);
        Assert.Contains(disk.Path, hit.Error, StringComparison.Ordinal);
        Assert.Contains("resume", hit.Error, StringComparison.Ordinal);
        Assert.NotEmpty(hit.LogTail);
        Assert.NotNull(hit.Attempts[0].CheckpointStep);

        // What the failed run took of the reserve is made good by the server's maintenance.
        await ProcessWait.UntilAsync(
            () => new FileInfo(Path.Combine(disk.Path, "reserve")) is { Exists: true, Length: 1 << 20 }, TimeSpan.FromMinutes(2));

        // Not a byte left: everything stored can be read, and thanks to the reserve a submission is still stored.
        disk.Fill();
        RunDocument waiting = await api.SubmitAsync(Spec.Replace("NAME", "waiting", StringComparison.Ordinal));
        Assert.Equal(0, undisturbed.PointsLost(await MicroRun.ReadAsync(api, before, disk.Path)));

        // The reserve is used up too: the server reports it, stays up, and shows everything.
        await UntilFullAsync(api, disk, hit.Id);
        Assert.Equal(RunState.Queued, (await api.GetAsync(waiting.Id)).State);
        Assert.Equal(hit.Error, (await api.GetAsync(hit.Id)).Error);
        Assert.Equal(0, undisturbed.PointsLost(await MicroRun.ReadAsync(api, before, disk.Path)));
        using (HttpResponseMessage ready = await server.Http.GetAsync("/health/live"))
        {
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }

        // Free space again: the queued run starts by itself, the other one continues where it stopped.
        disk.Free();
        Assert.Equal(RunState.Completed, (await api.WaitForEndAsync(waiting.Id)).State);
        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(hit.Id, "resume"), expected: HttpStatusCode.Accepted);
        RunDocument resumed = await api.WaitForEndAsync(hit.Id);
        Assert.Equal((RunState.Completed, hit.Attempts[0].CheckpointStep), (resumed.State, resumed.Attempts[1].ResumedFrom));
        Assert.Equal(0, undisturbed.PointsLost(await MicroRun.ReadAsync(api, resumed, disk.Path)));

        await server.StopAsync();
        await using ServerProcess next = await ServerProcess.StartAsync(setup);
        Assert.Equal(3, (await new RunApi(next.Http).ReadAsync<RunList>(ApiRoutes.Runs)).Items.Count);
        Assert.DoesNotContain("damaged", next.Output, StringComparison.Ordinal);
        Assert.Equal(0, undisturbed.PointsLost(await MicroRun.ReadAsync(new RunApi(next.Http), resumed, disk.Path)));
    }

    [Fact]
    public async Task Start_DiskFull_ShowsWhatIsThere()
    {
        using SmallDisk disk = new(8);
        ServerSetup setup = ScriptedServer.Setup with
        {
            DataDirectory = disk.Path,
            Environment = new Dictionary<string, string> { ["LoraLab__DiskReserveMb"] = "1", ["LoraLab__MinimumFreeMb"] = "1" },
        };
        RunDocument run;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            run = await new RunApi(first.Http).WaitForEndAsync((await new RunApi(first.Http).SubmitAsync("""{"notes":"steps=5"}""")).Id);
            await first.StopAsync();
        }

        disk.Fill();
        await using ServerProcess second = await ServerProcess.StartAsync(setup with { ReadyAt = "/health/live" });

        using (HttpResponseMessage ready = await second.Http.GetAsync("/health/ready"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Contains(disk.Path, await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(run.State, (await new RunApi(second.Http).GetAsync(run.Id)).State);
        Assert.Equal(5, (await new RunApi(second.Http).MetricsAsync(run.Id)).Series["train/loss"].X.Count);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Disk_OfTheRunsAloneIsFull_IsTheOneThatIsNamed()
    {
        using SmallDisk disk = new(8);
        using TemporaryFolder data = new();
        string runs = Path.Combine(data.Path, "runs");
        Directory.CreateSymbolicLink(runs, disk.Path);
        await using ServerProcess server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            DataDirectory = data.Path,
            Environment = new Dictionary<string, string> { ["LoraLab__MinimumFreeMb"] = "4" },
        });
        disk.Fill(leave: 2 << 20);
        RunApi api = new(server.Http);

        RunDocument waiting = await api.SubmitAsync("""{"notes":"steps=1"}""");

        using HttpResponseMessage ready = await server.Http.GetAsync("/health/ready");
        string health = await ready.Content.ReadAsStringAsync();
        Assert.Contains($"free on the disk of {runs}", health, StringComparison.Ordinal);
        Assert.Contains($"free on the disk of {runs}", server.Output, StringComparison.Ordinal);
        Assert.Equal(RunState.Queued, (await api.GetAsync(waiting.Id)).State);
        disk.Free();
        Assert.Equal(RunState.Completed, (await api.WaitForEndAsync(waiting.Id)).State);
    }

    /// <summary>Writes and fills the disk until a write fails; every earlier write was stored.</summary>
    private static async Task UntilFullAsync(RunApi api, SmallDisk disk, string id)
    {
        for (int i = 0; i < 200; i++)
        {
            disk.Fill();
            using HttpRequestMessage request = new(HttpMethod.Patch, ApiRoutes.Run(id))
            {
                Content = RunApi.Json($$"""{"notes":"{{new string('n', 4000)}} {{i}}"}"""),
            };
            using HttpResponseMessage response = await api.Http.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.InsufficientStorage)
            {
                string problem = await response.Content.ReadAsStringAsync();
                Assert.Contains("\"diskFull\"", problem, StringComparison.Ordinal);
                Assert.Contains($"The disk of {disk.Path}", problem, StringComparison.Ordinal);
                return;
            }

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Fail("A full disk accepted 200 writes.");
    }
}
