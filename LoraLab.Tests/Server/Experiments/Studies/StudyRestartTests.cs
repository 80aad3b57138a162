using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Faults;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>A server that is killed repeatedly at random moments of a study: no run is lost or duplicated.</summary>
public sealed class StudyRestartTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Study_ServerKilledAgainAndAgain_EndsWithTheSameRuns()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        int kills = FaultCount.IsFull ? 40 : 4;
        Random random = new(7);
        string id;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            id = (await new RunApi(first.Http).CreateAsync(StudyApi.TwoMethods("killed", "checkpoints=1"))).Id;
            // Killed immediately: the runs exist, whether or not the response arrived.
            await first.KillAsync();
        }

        for (int kill = 1; kill < kills; kill++)
        {
            await using ServerProcess server = await ServerProcess.StartAsync(setup);
            RunApi api = new(server.Http);
            int ended = (await api.StudyAsync(id)).Runs.Count(run => run.State.IsTerminal());
            await api.WaitForStudyAsync(id, study => study.EndedAt is not null || study.Runs.Count(run => run.State.IsTerminal()) > ended);
            await Task.Delay(random.Next(60));
            await server.KillAsync();
        }

        await using ServerProcess last = await ServerProcess.StartAsync(setup);
        RunApi again = new(last.Http);
        StudyDocument done = await again.WaitForEndOfStudyAsync(id);

        string[] expected =
        [
            .. from rate in (double[])[0.001, 0.002, 0.004] select $"Selection lora {rate} 0",
            .. from rate in (double[])[0.002, 0.004, 0.008, 0.016] select $"Selection pissa {rate} 0",
            .. from seed in (int[])[1, 2] select $"Reported lora 0.002 {seed}",
            .. from seed in (int[])[1, 2] select $"Reported pissa 0.016 {seed}",
        ];
        Assert.Equal(
            expected.Order(),
            done.Runs.Select(run => $"{run.Stage} {run.Method} {(double)run.Settings["learningRate"]!} {run.Seed}").Order());
        Assert.All(done.Runs, run => Assert.Equal(RunState.Completed, run.State));
        Assert.Equal(StudyState.Completed, done.State);
        RunList all = await again.ReadAsync<RunList>(ApiRoutes.Runs + "?limit=500");
        Assert.Equal(done.Runs.Select(run => run.RunId).Order(), all.Items.Select(run => run.Id).Order());
        output.WriteLine(
            $"FAULTS server killed in a study: {kills} kills, {expected.Length} runs expected, {all.Total} found, 0 lost, 0 duplicated");
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Study_DatabaseGone_IsThereAgainWithItsRunsAndGoesOn()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        StudyDocument before;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            RunApi api = new(first.Http);
            string id = (await api.CreateAsync(StudyApi.OneMethod("rebuilt", "pissa", "checkpoints=1"))).Id;
            before = await api.WaitForStudyAsync(id, study => study.Runs.Any(run => run.State == RunState.Completed));
            await first.KillAsync();
        }

        foreach (string file in Directory.GetFiles(data.Path, "loralab*.db"))
        {
            File.Delete(file);
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        StudyDocument done = await new RunApi(second.Http).WaitForEndOfStudyAsync(before.Id);

        Assert.Equal((StudyState.Completed, "rebuilt", 6), (done.State, done.Name, done.Runs.Count));
        Assert.Equal(before.Runs.Select(run => run.RunId), done.Runs.Take(before.Runs.Count).Select(run => run.RunId));
    }
}
