using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>The adapters of runs with the real trainer: the best beside the last, aliases, merges, lineage, and early stops.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class AdapterTests(RealServer real)
{
    private static readonly SemaphoreSlim _gate = new(1, 1);
    private static (RealServer Server, RunDocument Run)? _worsened;

    private RunApi Api => real.Api;

    [Fact]
    public async Task Run_ThatNoLongerImproves_CompletesEarlyAndKeepsTheBestAdapter()
    {
        RunDocument run = await WorsenedAsync();

        Assert.Equal((RunState.Completed, EndReason.EarlyStopped, null), (run.State, run.EndReason, run.Error));
        Assert.StartsWith($"Stopped early at step {run.Progress.Step} of ", run.Summary.EarlyStop, StringComparison.Ordinal);
        Assert.True(run.Progress.Step < run.Progress.TotalSteps);
        RunArtifact best = await ArtifactAsync(run.Id, "adapter-best/adapter_model.safetensors");
        RunArtifact last = await ArtifactAsync(run.Id, "adapter/adapter_model.safetensors");
        Assert.Equal((ArtifactKind.BestAdapter, ArtifactKind.Adapter), (best.Kind, last.Kind));
        byte[] bestBytes = (await UnzipAsync(ApiRoutes.Run(run.Id, "adapter") + "?which=best"))["adapter_model.safetensors"];
        byte[] lastBytes = (await UnzipAsync(ApiRoutes.Run(run.Id, "adapter")))["adapter_model.safetensors"];
        Assert.Equal((best.Bytes, last.Bytes), (bestBytes.LongLength, lastBytes.LongLength));
        Assert.Equal((best.Sha256, last.Sha256), (Hash(bestBytes), Hash(lastBytes)));
        Assert.NotEqual(best.Sha256, last.Sha256);
        JsonObject wrong = await Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Run(run.Id, "adapter") + "?which=first");
        Assert.Contains("it must be last or best", (string?)wrong["detail"], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Run_KilledAndResumed_StopsEarlyWithTheSameAdapters()
    {
        JsonObject spec = Spec(learningRate: 0.02, patience: 5);
        spec["evalSamples"] = 300;
        RunDocument whole = await Api.WaitForEndAsync((await Api.SubmitAsync(spec.ToJsonString())).Id);
        RunDocument run = await Api.SubmitAsync(spec.ToJsonString());
        await Api.WaitAsync(run.Id, seen => seen.Attempts.Any(attempt => attempt.CheckpointStep >= 1));
        using (HttpResponseMessage killed = await Api.Http.PostAsync(ApiRoutes.Run(run.Id, "kill"), null))
        {
            Assert.Equal(HttpStatusCode.Accepted, killed.StatusCode);
        }

        RunDocument stopped = await Api.WaitForEndAsync(run.Id);
        Assert.Equal(RunState.Cancelled, stopped.State);
        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "resume"), null, HttpStatusCode.Accepted);
        run = await Api.WaitForEndAsync(run.Id);

        Assert.Equal((2, EndReason.EarlyStopped), (run.Attempts.Count, run.EndReason));
        Assert.Equal((whole.Summary.EarlyStop, whole.Progress.Step), (run.Summary.EarlyStop, run.Progress.Step));
        foreach (string file in (string[])["adapter/adapter_model.safetensors", "adapter-best/adapter_model.safetensors"])
        {
            Assert.Equal((await ArtifactAsync(whole.Id, file)).Sha256, (await ArtifactAsync(run.Id, file)).Sha256);
        }
    }

    [Fact]
    public async Task Predict_ByChoiceAndAlias_AsksThatAdapter()
    {
        RunDocument run = await WorsenedAsync();
        await Api.SendAsync<RunAlias>(HttpMethod.Put, ApiRoutes.Alias("asked"), $$"""{"run":"{{run.Id}}"}""");

        double last = await ScoreAsync(run.Id, "");
        double best = await ScoreAsync(run.Id, ""","which":"best" """);

        Assert.NotEqual(last, best);
        Assert.Equal(last, await ScoreAsync("asked", ""));
        Assert.Equal(best, await ScoreAsync("asked@best", ""));
        JsonObject unknown = await Api.RefusedAsync(
            HttpStatusCode.NotFound, HttpMethod.Post, ApiRoutes.Run("nobody", "predict"), RunApi.Json("""{"prompt":"a"}"""));
        Assert.Equal("There is no run and no alias 'nobody'.", (string?)unknown["detail"]);
    }

    [Fact]
    public async Task Alias_SetMovedAndRemoved_GoesWhereItIsToldAndProtectsItsRun()
    {
        RunDocument first = await WorsenedAsync();
        RunDocument second = await FinishAsync(Spec(learningRate: 0.001, patience: null));

        RunAlias set = await Api.SendAsync<RunAlias>(HttpMethod.Put, ApiRoutes.Alias("champion"), $$"""{"run":"{{first.Id}}"}""");
        RunAlias moved = await Api.SendAsync<RunAlias>(HttpMethod.Put, ApiRoutes.Alias("champion"), $$"""{"run":"{{second.Id}}"}""");

        Assert.Equal((null, first.Id), (set.MovedFrom, moved.MovedFrom));
        Assert.DoesNotContain("champion", (await Api.GetAsync(first.Id)).Aliases);
        Assert.Equal(["champion"], (await Api.GetAsync(second.Id)).Aliases);
        Assert.Contains(
            new RunAlias("champion", second.Id, second.Name), (await Api.ReadAsync<AliasList>(ApiRoutes.Aliases)).Items);
        RunList found = await Api.ReadAsync<RunList>(ApiRoutes.Runs + "?filter=" + Uri.EscapeDataString("alias = champion"));
        Assert.Equal([second.Id], found.Items.Select(run => run.Id));

        Assert.Equal(second.Id, (await Api.GetAsync("champion")).Id);
        Assert.Equal(second.Id, (await Api.ReadAsync<RunArtifacts>(ApiRoutes.Run("champion", "artifacts"))).RunId);
        Assert.Equal(second.Id, (await Api.ReadAsync<RunMetrics>(ApiRoutes.Run("champion", "metrics"))).RunId);
        CompareDocument compared =
            await Api.ReadAsync<CompareDocument>($"{ApiRoutes.Compare}?runs=champion,{first.Id},{second.Id},nobody");
        Assert.Equal([second.Id, first.Id], compared.Rows.Select(row => row.RunId));
        Assert.Equal(["nobody"], compared.Missing);
        await Api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Delete, ApiRoutes.Run("champion"));
        JsonObject kept = await Api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Delete, ApiRoutes.Run(second.Id));
        Assert.Equal(
            $"Run {second.Id} is known as 'champion'; move or remove the alias before deleting it.", (string?)kept["detail"]);
        await Api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Run(second.Id, "prune"), RunApi.Json("""{"adapter":true}"""));

        JsonObject child = Spec(learningRate: 0.001, patience: null);
        (child["initFrom"], child["maxSteps"]) = ("champion", 1);
        RunDocument started = await FinishAsync(child);
        Assert.Equal(second.Id, started.Spec.InitFrom);
        child["initFrom"] = "challenger";
        JsonObject refused = await Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(child.ToJsonString()));
        Assert.Contains("challenger", (string?)refused["detail"], StringComparison.Ordinal);

        using (HttpResponseMessage removed = await Api.Http.DeleteAsync(ApiRoutes.Alias("champion")))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        using (HttpResponseMessage deleted = await Api.Http.DeleteAsync(ApiRoutes.Run(second.Id)))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        RunLineage lineage = await Api.ReadAsync<RunLineage>(ApiRoutes.Run(started.Id, "lineage"));
        Assert.Equal(
            [(started.Id, LineageKind.Run, 0), (second.Id, LineageKind.DeletedRun, -1)],
            lineage.Items.Select(item => (item.Id, item.Kind, item.Generation)));
        Assert.Equal([new LineageParent(second.Id, LineageRelation.InitFrom)], lineage.Items[0].Parents);
    }

    [Theory]
    [InlineData("Champion")]
    [InlineData("0champion")]
    [InlineData("a--b")]
    [InlineData("a@best")]
    public async Task Alias_NotValid_IsRefusedWithASentence(string alias)
    {
        RunDocument run = await WorsenedAsync();

        JsonObject refused = await Api.RefusedAsync(
            HttpStatusCode.BadRequest,
            HttpMethod.Put,
            ApiRoutes.Alias(Uri.EscapeDataString(alias)),
            RunApi.Json($$"""{"run":"{{run.Id}}"}"""));

        Assert.StartsWith($"'{alias}' cannot be an alias: ", (string?)refused["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Merge_OfTheBestAdapter_IsAJobWhoseModelCanBeDownloaded()
    {
        RunDocument run = await WorsenedAsync();
        string merge = ApiRoutes.Run(run.Id, "merge");
        Assert.Equal(MergeState.None, (await Api.ReadAsync<RunMerge>(merge + "?which=best")).State);
        await Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, merge + "/model?which=best");

        await Api.SendAsync<RunMerge>(HttpMethod.Post, merge + "?which=best", null, HttpStatusCode.Accepted);
        RunMerge state = await MergedAsync(merge + "?which=best");

        Assert.Null(state.Error);
        IReadOnlyDictionary<string, byte[]> model = await UnzipAsync(merge + "/model?which=best");
        Assert.Equal(state.Bytes, model.Values.Sum(file => file.LongLength));
        JsonNode from = JsonNode.Parse(model["loralab.json"])!["mergedFrom"]!;
        Assert.Equal((await ArtifactAsync(run.Id, "adapter-best/adapter_model.safetensors")).Sha256, (string?)from["adapterSha256"]);
        Assert.Equal(MergeState.None, (await Api.ReadAsync<RunMerge>(merge)).State);
        RunArtifacts listed = await Api.ReadAsync<RunArtifacts>(ApiRoutes.Run(run.Id, "artifacts"));
        Assert.Equal(state.Bytes, listed.Items.Where(item => item.Kind == ArtifactKind.Merged).Sum(item => item.Bytes));
        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "prune"), """{"merged":true}""");
        Assert.Equal(MergeState.None, (await Api.ReadAsync<RunMerge>(merge + "?which=best")).State);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Merge_ThatFails_SaysWhyAndCanBeRepeated()
    {
        RunDocument run = await FinishAsync(Spec(learningRate: 0.001, patience: null));
        string weights = Path.Combine(
            real.Server.DataDirectory, "runs", run.Id, "adapter", "adapter_model.safetensors");
        byte[] intact = await File.ReadAllBytesAsync(weights);
        await File.WriteAllBytesAsync(weights, intact[..^64]);
        string merge = ApiRoutes.Run(run.Id, "merge");

        await Api.SendAsync<RunMerge>(HttpMethod.Post, merge, null, HttpStatusCode.Accepted);
        RunMerge failed = await MergedAsync(merge);

        Assert.Equal(MergeState.Failed, failed.State);
        Assert.Contains("adapter_model.safetensors", failed.Error, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(weights, intact);
        await Api.SendAsync<RunMerge>(HttpMethod.Post, merge, null, HttpStatusCode.Accepted);
        Assert.Equal(MergeState.Completed, (await MergedAsync(merge)).State);
        string left = Path.Combine(real.Server.DataDirectory, "merging");
        Assert.Empty(Directory.GetFileSystemEntries(left));
    }

    [Fact]
    public async Task Lineage_OfAClone_NamesParentAndChildren()
    {
        RunDocument run = await WorsenedAsync();
        RunDocument clone = await Api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(run.Id, "clone"), """{"maxSteps":1,"evalSamples":8}""", HttpStatusCode.Created);
        await Api.WaitForEndAsync(clone.Id);

        RunLineage own = await Api.ReadAsync<RunLineage>(ApiRoutes.Run(run.Id, "lineage"));
        RunLineage childs = await Api.ReadAsync<RunLineage>(ApiRoutes.Run(clone.Id, "lineage"));

        Assert.Contains(own.Items, item => item.Id == clone.Id && item.Generation == 1 && item.Name == clone.Name);
        Assert.Contains(childs.Items, item => item.Id == run.Id && item.Generation == -1);
        Assert.Equal([new LineageParent(run.Id, LineageRelation.Clone)], childs.Items.Single(item => item.Generation == 0).Parents);
        Assert.Equal("this machine", clone.SubmittedBy);
    }

    // Steps that are far too large: the run gets worse and stops.
    private static JsonObject Spec(double learningRate, int? patience)
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["trainSamples"], spec["evalEvery"], spec["learningRate"], spec["schedule"]) = (128, 1, learningRate, "constant");
        spec["earlyStopPatience"] = patience;
        return spec;
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task<RunDocument> WorsenedAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_worsened is not { } done || done.Server != real)
            {
                _worsened = done = (real, await FinishAsync(Spec(learningRate: 0.05, patience: 3)));
            }

            return done.Run;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<RunDocument> FinishAsync(JsonObject spec)
    {
        RunDocument run = await Api.WaitForEndAsync((await Api.SubmitAsync(spec.ToJsonString())).Id);
        Assert.True(run.State == RunState.Completed, run.Error);
        return run;
    }

    private async Task<RunArtifact> ArtifactAsync(string id, string name) =>
        (await Api.ReadAsync<RunArtifacts>(ApiRoutes.Run(id, "artifacts"))).Items.Single(item => item.Name == name);

    private async Task<RunMerge> MergedAsync(string url)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        RunMerge state;
        do
        {
            await Task.Delay(50, patience.Token);
            state = await Api.ReadAsync<RunMerge>(url);
        }
        while (state.State is MergeState.Waiting or MergeState.Running);
        return state;
    }

    private async Task<double> ScoreAsync(string run, string more)
    {
        PredictResult result = await Api.SendAsync<PredictResult>(
            HttpMethod.Post, ApiRoutes.Run(run, "predict"), $$"""{"inputs":[{"sentence":"a fine film"}]{{more}}}""");
        return result.Items[0].Scores![0];
    }

    private async Task<IReadOnlyDictionary<string, byte[]>> UnzipAsync(string url)
    {
        using HttpResponseMessage response = await Api.Http.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using ZipArchive zip = new(await response.Content.ReadAsStreamAsync());
        Dictionary<string, byte[]> files = [];
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using MemoryStream bytes = new();
            await using Stream from = entry.Open();
            await from.CopyToAsync(bytes);
            files[entry.FullName] = bytes.ToArray();
        }

        return files;
    }
}
