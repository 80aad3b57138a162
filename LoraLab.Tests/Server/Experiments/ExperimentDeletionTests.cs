using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Experiments.Studies;
using LoraLab.Tests.Server.Experiments.Sweeps;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments;

/// <summary><c>DELETE /studies/{id}</c> and <c>DELETE /sweeps/{id}</c>.</summary>
public sealed class ExperimentDeletionTests(ScriptedServer server) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = server.Api;
    private readonly SweepApi _sweeps = new(server.Api);

    [Fact]
    public async Task Delete_EndedSweep_KeepsItsRunsAsRunsOfTheirOwn()
    {
        SweepDocument ended = await EndedSweepAsync();
        string[] runs = [.. ended.Trials.Select(trial => trial.RunId!)];

        await DeleteAsync(ApiRoutes.Sweep(ended.Id));

        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Sweep(ended.Id));
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, ApiRoutes.Sweep(ended.Id));
        Assert.DoesNotContain((await _api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items, sweep => sweep.Id == ended.Id);
        foreach (string run in runs)
        {
            Assert.Equal((null, RunState.Completed), ((await _api.GetAsync(run)).SweepId, (await _api.GetAsync(run)).State));
        }

        Assert.Equal(0, (await _api.ReadAsync<RunList>($"{ApiRoutes.Runs}?sweep={ended.Id}")).Total);
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Server.DataDirectory, "plans"), ended.Id + "*"));
    }

    [Fact]
    public async Task Delete_EndedSweepWithRuns_DeletesThemToo()
    {
        SweepDocument ended = await EndedSweepAsync();
        string other = (await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes":"steps=2"}""")).Id)).Id;

        await DeleteAsync(ApiRoutes.Sweep(ended.Id) + "?runs=true");

        foreach (string run in ended.Trials.Select(trial => trial.RunId!))
        {
            await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Run(run));
            Assert.False(Directory.Exists(Path.Combine(server.Server.DataDirectory, "runs", run)));
        }

        Assert.Equal(other, (await _api.GetAsync(other)).Id);
    }

    [Fact]
    public async Task Delete_ActiveStudy_IsRefusedUntilItIsCancelledAndItsRunsHaveEnded()
    {
        await PauseAsync(true);
        StudyDocument study = await _api.CreateAsync(StudyApi.OneMethod("to be deleted", "lora"));

        foreach (string query in (string[])["", "?runs=true"])
        {
            JsonObject refused = await _api.RefusedAsync(
                HttpStatusCode.Conflict, HttpMethod.Delete, ApiRoutes.Study(study.Id) + query);
            Assert.Equal("studyActive", (string)refused["code"]!);
        }

        Assert.Equal(study.Runs.Count, (await _api.StudyAsync(study.Id)).Runs.Count);
        await _api.SendAsync<StudyDocument>(HttpMethod.Post, ApiRoutes.Study(study.Id, "cancel"), null, HttpStatusCode.Accepted);
        await _api.WaitForEndOfStudyAsync(study.Id);
        string resumed = study.Runs[0].RunId;
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(resumed, "resume"), null, HttpStatusCode.Accepted);
        JsonObject queued = await _api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Delete, ApiRoutes.Study(study.Id));
        // A resumed run makes its study go on, as soon as the study's next step.
        Assert.Equal("studyActive", (string)queued["code"]!);
        Assert.Matches("has 1 run|has not ended", (string)queued["detail"]!);
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(resumed, "cancel"), null, HttpStatusCode.Accepted);
        await _api.WaitForEndAsync(resumed);
        await _api.WaitForEndOfStudyAsync(study.Id);
        await PauseAsync(false);

        await DeleteAsync(ApiRoutes.Study(study.Id));

        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Study(study.Id));
        Assert.Null((await _api.GetAsync(resumed)).StudyId);
        // Its name is free again.
        StudyDocument again = await _api.CreateAsync(StudyApi.OneMethod("to be deleted", "lora"));
        await _api.SendAsync<StudyDocument>(HttpMethod.Post, ApiRoutes.Study(again.Id, "cancel"), null, HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Delete_IdOfTheOtherKind_IsNotFound()
    {
        SweepDocument ended = await EndedSweepAsync();

        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, ApiRoutes.Study(ended.Id));
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Delete, ApiRoutes.Sweep(ended.Id) + "?runs=maybe");

        Assert.Equal(ended.Id, (await _sweeps.WaitForEndAsync(ended.Id)).Id);
    }

    private async Task<SweepDocument> EndedSweepAsync() => await _sweeps.WaitForEndAsync(
        (await _sweeps.CreateAsync(SweepApi.Bowl("steps=2 delay=0", 1e-4, 1e-3))).Id);

    private async Task DeleteAsync(string route)
    {
        using HttpResponseMessage response = await _api.Http.DeleteAsync(route);
        Assert.True(response.StatusCode == HttpStatusCode.NoContent, await response.Content.ReadAsStringAsync());
    }

    private Task PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, JsonSerializer.Serialize(new QueuePatch(paused), ContractJson.Options));
}
