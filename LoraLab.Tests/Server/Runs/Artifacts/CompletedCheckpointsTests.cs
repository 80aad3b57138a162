using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs.Artifacts;

/// <summary>Checkpoints of runs that end: those of a completed run go, unless they are kept on request; others stay.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class CompletedCheckpointsTests(RealServer real)
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Run_Completed_LosesItsCheckpointsAndStillInitializesOthers()
    {
        RunDocument run = await RunAsync(real.Api, MicroSpec.For("lora"));

        PrunedFiles pruned = Assert.Single(run.Pruned);
        Assert.Equal((ArtifactKind.Checkpoint, true), (pruned.Kind, pruned.ByRetention));
        Assert.True(pruned.Bytes > 0 && pruned.Files > 0);
        IReadOnlyList<RunArtifact> files = await FilesAsync(real.Api, run.Id, until: list => !HasCheckpoint(list));
        Assert.Contains(files, file => file.Kind == ArtifactKind.Adapter);
        Assert.Contains(files, file => file.Kind == ArtifactKind.Predictions);
        JsonObject next = MicroSpec.For("lora");
        next["initFrom"] = run.Id;
        Assert.Equal(RunState.Completed, (await RunAsync(real.Api, next)).State);
    }

    [Fact]
    public async Task Run_Cancelled_KeepsItsCheckpointsAndResumesFromThem()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["epochs"] = 200;
        string id = (await real.Api.SubmitAsync(spec.ToJsonString())).Id;
        await real.Api.WaitAsync(id, run => run.Progress.Step > 4);
        await real.Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "cancel"), expected: System.Net.HttpStatusCode.Accepted);

        RunDocument cancelled = await real.Api.WaitForEndAsync(id);

        Assert.Empty(cancelled.Pruned);
        Assert.True(HasCheckpoint(await FilesAsync(real.Api, id, until: _ => true)));
        await real.Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "resume"), expected: System.Net.HttpStatusCode.Accepted);
        RunDocument resumed = await real.Api.WaitAsync(id, run => run.Attempts.Count == 2 && run.Attempts[1].ResumedFrom is not null);
        Assert.Equal(cancelled.Attempts[0].CheckpointStep, resumed.Attempts[1].ResumedFrom);
        await real.Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "cancel"), expected: System.Net.HttpStatusCode.Accepted);
        await real.Api.WaitForEndAsync(id);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Run_CompletedWhereTheyAreKept_HasItsCheckpoints()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(new ServerSetup
        {
            Environment = new Dictionary<string, string> { ["LoraLab__Retention__KeepCompletedCheckpoints"] = "true" },
        });
        RunApi api = new(server.Http);

        RunDocument run = await RunAsync(api, MicroSpec.For("lora"));

        Assert.Empty(run.Pruned);
        Assert.True(HasCheckpoint(await FilesAsync(api, run.Id, until: _ => true)));
    }

    private static async Task<RunDocument> RunAsync(RunApi api, JsonObject spec)
    {
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync(spec.ToJsonString())).Id);
        Assert.True(run.State == RunState.Completed, run.Error);
        return run;
    }

    /// <summary>The files are removed just after the document says so.</summary>
    private static async Task<IReadOnlyList<RunArtifact>> FilesAsync(
        RunApi api, string id, Predicate<IReadOnlyList<RunArtifact>> until)
    {
        IReadOnlyList<RunArtifact> files = [];
        for (int i = 0; i < 100; i++)
        {
            files = (await api.ReadAsync<RunArtifacts>(ApiRoutes.Run(id, "artifacts"))).Items;
            if (until(files))
            {
                return files;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"The files are still {string.Join(", ", files.Select(file => file.Name))}.");
        return files;
    }

    private static bool HasCheckpoint(IReadOnlyList<RunArtifact> files) => files.Any(file => file.Kind == ArtifactKind.Checkpoint);
}
