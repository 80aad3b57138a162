using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs.Artifacts;

/// <summary>A run's files through the API: listing, download and pruning.</summary>
[Collection(nameof(SharedServer))]
public sealed class ArtifactTests(ScriptedServer fixture)
{
    private RunApi Api => fixture.Api;

    [Fact]
    public async Task Artifacts_FinishedRun_ListsFilesWithKindsAndTheirSizes()
    {
        RunDocument run = await FinishAsync();

        RunArtifacts listed = await ListAsync(run.Id);

        Assert.Equal(
            [("adapter/adapter_config.json", ArtifactKind.Adapter, null), ("adapter/adapter_model.safetensors", ArtifactKind.Adapter, null),
                ("attempts/0001/events.jsonl", ArtifactKind.Events, null),
             ("attempts/0001/log.txt", ArtifactKind.Log, null), ("predictions/step-000000.csv", ArtifactKind.Predictions, 0),
             ("predictions/step-000004.csv", ArtifactKind.Predictions, 4),
             ("run.json", ArtifactKind.Record, null), ("spec.json", ArtifactKind.Spec, null)],
            listed.Items.Select(item => (item.Name, item.Kind, item.Step)));
        // The record is rewritten whenever the run's document changes, which its last events do after the end.
        Assert.All(listed.Items.Where(item => item.Kind != ArtifactKind.Record), item =>
            Assert.Equal(new FileInfo(Path.Combine(FolderOf(run.Id), item.Name)).Length, item.Bytes));
        Assert.Equal(listed.Items.Sum(item => item.Bytes), listed.TotalBytes);
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(FolderOf(run.Id), "spec.json")),
            await fixture.Server.Http.GetStringAsync(ApiRoutes.Run(run.Id, "artifacts/spec.json")));
    }

    [Fact]
    public async Task Artifact_NameThatLeavesTheDirectory_IsNotFound()
    {
        RunDocument run = await FinishAsync();
        string folder = FolderOf(run.Id);
        File.WriteAllText(Path.Combine(fixture.Server.DataDirectory, "secret.txt"), "what nobody may read");
        Directory.CreateDirectory(Path.Combine(folder, "checkpoints"));
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(
                Path.Combine(folder, "checkpoints", "link.txt"), Path.Combine(fixture.Server.DataDirectory, "secret.txt"));
            Directory.CreateSymbolicLink(Path.Combine(folder, "checkpoints", "above"), fixture.Server.DataDirectory);
        }

        foreach (string name in (string[])["../../secret.txt", "..%2f..%2fsecret.txt", "%2e%2e/%2e%2e/secret.txt",
            "adapter/..%2f..%2f..%2fsecret.txt", "checkpoints/link.txt", "checkpoints/above/secret.txt", "checkpoints/above/loralab.db",
            "%2fetc%2fpasswd", "..\\..\\secret.txt", "spec.json%00", "adapter", "SPEC.JSON", "submission.json"])
        {
            using HttpResponseMessage response = await fixture.Server.Http.GetAsync(new Uri(
                fixture.Server.Address.GetLeftPart(UriPartial.Authority) + ApiRoutes.Run(run.Id, "artifacts/") + name,
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            string body = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode is 400 or 404, $"{name}: {(int)response.StatusCode} {body}");
            Assert.DoesNotContain("nobody may read", body, StringComparison.Ordinal);
        }

        Assert.DoesNotContain((await ListAsync(run.Id)).Items, item =>
            item.Name.Contains("link", StringComparison.Ordinal) || item.Name.Contains("above", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prune_CheckpointsAndPredictions_KeepsFirstBestLastAndSaysWhatWent()
    {
        RunDocument run = await FinishAsync();
        string folder = FolderOf(run.Id);
        foreach (string name in (string[])
        [
            "predictions/step-000001.csv",
            "predictions/step-000002.csv",
            "checkpoints/step-00000002/state.json",
            "checkpoints/step-00000002/state.safetensors",
        ])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
            File.WriteAllText(Path.Combine(folder, name), "12345");
        }

        Contracts.Metrics.RunMetrics metrics = await MetricsAsync(run.Id);
        RunDocument pruned = await PruneAsync(run.Id, """{"checkpoints":true,"predictions":true}""");

        Assert.Equal(
            [(ArtifactKind.Predictions, 2, 10L, false), (ArtifactKind.Checkpoint, 2, 10L, false)],
            pruned.Pruned.Select(item => (item.Kind, item.Files, item.Bytes, item.ByRetention)).Order());
        string[] left = [.. (await ListAsync(run.Id)).Items.Select(item => item.Name)];
        Assert.Equal(
            ["predictions/step-000000.csv", "predictions/step-000004.csv"],
            left.Where(name => name.StartsWith("predictions", StringComparison.Ordinal)));
        Assert.DoesNotContain(left, name => name.StartsWith("checkpoints", StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(folder, "checkpoints", "step-00000002")));
        Assert.Contains("adapter/adapter_model.safetensors", left);
        RunDocument after = await Api.GetAsync(run.Id);
        Assert.Equal(JsonSerializer.Serialize(run.Summary), JsonSerializer.Serialize(after.Summary));
        Assert.Equal(
            System.Text.Json.JsonSerializer.Serialize(metrics), System.Text.Json.JsonSerializer.Serialize(await MetricsAsync(run.Id)));
        Assert.Equal(2, (await PruneAsync(run.Id, """{"checkpoints":true,"predictions":true}""")).Pruned.Count);
        Assert.Single((await PruneAsync(run.Id, """{"adapter":true}""")).Pruned, item => item.Kind == ArtifactKind.Adapter);
        await Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Run(run.Id, "adapter"));
    }

    [Fact]
    public async Task Prune_ActiveRunOrNothingChosen_IsRefused()
    {
        RunDocument run = await Api.SubmitAsync("""{"notes":"steps=100000 delay=20"}""");
        await Api.WaitAsync(run.Id, now => now.State == RunState.Running);

        Assert.Equal("runActive", (string?)(await Api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Run(run.Id, "prune"), RunApi.Json("""{"checkpoints":true}""")))["code"]);
        await Api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Run(run.Id, "prune"), RunApi.Json("{}"));
        await Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Run(run.Id, "prune"), RunApi.Json("""{"metrics":true}"""));
        await Api.RefusedAsync(
            HttpStatusCode.NotFound, HttpMethod.Post, ApiRoutes.Run("nothere", "prune"), RunApi.Json("""{"checkpoints":true}"""));
        await Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Run("nothere", "artifacts"));
        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "kill"), expected: HttpStatusCode.Accepted);
        await Api.WaitForEndAsync(run.Id);
    }

    private string FolderOf(string id) => Path.Combine(fixture.Server.DataDirectory, "runs", id);

    private async Task<RunDocument> FinishAsync() => await Api.WaitForEndAsync((await Api.SubmitAsync("""{"notes":"steps=4"}""")).Id);

    private Task<RunArtifacts> ListAsync(string id) => Api.ReadAsync<RunArtifacts>(ApiRoutes.Run(id, "artifacts"));

    private Task<Contracts.Metrics.RunMetrics> MetricsAsync(string id) => Api.MetricsAsync(id);

    private Task<RunDocument> PruneAsync(string id, string json) =>
        Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "prune"), json);
}
