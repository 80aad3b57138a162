using System.Diagnostics;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The switch <c>--demo</c>, on a server outside the checkout, whose home is its own folder.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task Demo_OnAFreshServer_QueuesTheSampleRunsOnceAndNamesTheComparison()
    {
        using TemporaryFolder home = new();
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(BuiltPrograms.Server)!))
        {
            File.Copy(file, Path.Combine(home.Path, Path.GetFileName(file)));
        }

        home.Write("samples/runs/2-second.json", """{"method":"pissa","notes":"steps=1"}""");
        home.Write("samples/runs/1-first.json", """{"method":"lora","notes":"steps=1","tags":["own"]}""");
        home.Write("samples/runs/3-bad.json", """{"rank":0}""");
        ServerSetup setup = ScriptedServer.Setup with
        {
            Program = Path.Combine(home.Path, Path.GetFileName(BuiltPrograms.Server)),
            DataDirectory = "some/data",
            Arguments = ["--demo"],
        };

        IReadOnlyList<RunDocument> runs;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            await UntilSaidAsync(first, "/compare?runs=");
            runs = await DemoRunsAsync(first);
            Assert.Equal(["lora", "pissa"], runs.Select(run => run.Spec.Method));
            Assert.Equal(["own", "demo"], runs[0].Tags);
            Assert.Contains(
                $"{first.Address.ToString().TrimEnd('/')}/compare?runs={runs[0].Id},{runs[1].Id}", first.Output, StringComparison.Ordinal);
            Assert.Contains("3-bad.json was not queued: rank is 0", first.Output, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(home.Path, "some", "data", "loralab.db")), "The data directory is not in the home.");
            await new RunApi(first.Http).WaitForEndAsync(runs[1].Id);
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        await UntilSaidAsync(second, "/compare?runs=");
        Assert.Equal(runs.Select(run => run.Id), (await DemoRunsAsync(second)).Select(run => run.Id));
    }

    private static async Task<IReadOnlyList<RunDocument>> DemoRunsAsync(ServerProcess server) =>
        (await new RunApi(server.Http).ReadAsync<RunList>($"{ApiRoutes.Runs}?tag=demo&sort=createdAt")).Items;

    private static async Task UntilSaidAsync(ServerProcess server, string words)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!server.Output.Contains(words, StringComparison.Ordinal))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), server.Output);
            await Task.Delay(30);
        }
    }
}
