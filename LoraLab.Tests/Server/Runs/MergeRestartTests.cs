using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>Merges that a server did not complete, and merges for which there is no space.</summary>
public sealed class MergeRestartTests
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Merge_OfAServerThatWasKilled_IsCompletedByTheNext()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = new() { DataDirectory = data.Path };
        string id;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            id = await FinishAsync(new RunApi(first.Http));
            await new RunApi(first.Http).SendAsync<RunMerge>(
                HttpMethod.Post, ApiRoutes.Run(id, "merge"), null, HttpStatusCode.Accepted);
            await first.KillAsync();
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        RunApi again = new(second.Http);
        RunMerge state;
        do
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            state = await again.ReadAsync<RunMerge>(ApiRoutes.Run(id, "merge"));
            Assert.Contains(state.State, (MergeState[])[MergeState.Waiting, MergeState.Running, MergeState.Completed]);
        }
        while (state.State != MergeState.Completed);

        // It is forgotten once it is complete, not before.
        await ProcessWait.UntilAsync(
            () => !File.ReadAllText(Path.Combine(data.Path, "merges.json")).Contains(id, StringComparison.Ordinal),
            TimeSpan.FromSeconds(20));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Merge_WithoutTheSpaceForIt_IsRefusedWithASentence()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = new() { DataDirectory = data.Path };
        string id;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            id = await FinishAsync(new RunApi(first.Http));
        }

        const string Everything = "1000000000";
        await using ServerProcess second = await ServerProcess.StartAsync(setup with
        {
            // It is not ready for runs either.
            ReadyAt = "/health/live",
            Environment = new Dictionary<string, string> { ["LoraLab__MinimumFreeMb"] = Everything },
        });

        string refused = (string)(await new RunApi(second.Http).RefusedAsync(
            HttpStatusCode.InsufficientStorage, HttpMethod.Post, ApiRoutes.Run(id, "merge")))["detail"]!;

        Assert.StartsWith("The merged model takes about ", refused, StringComparison.Ordinal);
        Assert.Contains("1,000,000,000 MiB (LoraLab:MinimumFreeMb)", refused, StringComparison.Ordinal);
    }

    private static async Task<string> FinishAsync(RunApi api)
    {
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync(MicroSpec.For("lora").ToJsonString())).Id);
        Assert.True(run.State == RunState.Completed, run.Error);
        return run.Id;
    }
}
