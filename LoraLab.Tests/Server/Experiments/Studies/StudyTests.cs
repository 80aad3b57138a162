using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Studies from submission to end, through the API of a real server with the scripted worker.</summary>
public sealed class StudyTests(ScriptedServer scripted) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = scripted.Api;

    [Fact]
    public async Task Study_TwoMethods_SelectsOnItsSplitExtendsOnceAndReportsEverySeed()
    {
        StudyDocument created = await _api.CreateAsync(StudyApi.TwoMethods("two methods"));
        Assert.Equal((StudyState.Running, 6, 10), (created.State, created.Runs.Count, created.PlannedRuns));

        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal((StudyState.Completed, null, 11), (study.State, study.Error, study.Runs.Count));
        StudyArm lora = study.Arms[0];
        StudyArm pissa = study.Arms[1];
        Assert.Equal((0.002, GridPosition.Inside), ((double)lora.Selected!["learningRate"]!, lora.Position));
        // Its best rate was the largest: one step beyond was tried, was better, and lies at the new edge.
        Assert.Equal((0.016, GridPosition.AtEdge), ((double)pissa.Selected!["learningRate"]!, pissa.Position));
        Assert.Equal([0.016, 0.008, 0.004, 0.002], pissa.Cells.Select(cell => (double)cell.Settings["learningRate"]!));
        Assert.Equal([true, false, false, false], pissa.Cells.Select(cell => cell.Extension));
        Assert.Contains(study.Warnings, warning =>
            warning.Contains("pissa", StringComparison.Ordinal) && warning.Contains("edge", StringComparison.Ordinal));
        Assert.Contains(study.Warnings, warning => warning.Contains("lora 3, pissa 4", StringComparison.Ordinal));

        foreach (StudyRun run in study.Runs)
        {
            RunDocument document = await _api.GetAsync(run.RunId);
            Assert.Equal((study.Id, run.Seed, (long?)run.Seed), (document.StudyId, document.Spec.Seed, document.Spec.OrderSeed));
            Assert.Equal(run.Stage == StudyStage.Selection ? EvalSplit.Selection : EvalSplit.Dev, document.Spec.EvalSplit);
            Assert.Equal(run.Stage == StudyStage.Selection ? 0 : run.Seed, run.Seed);
            Assert.Contains("two methods", document.Tags);
            Assert.Equal((double)run.Settings["learningRate"]!, document.Spec.LearningRate);
        }

        Assert.Equal(
            [("lora", 1), ("lora", 2), ("pissa", 1), ("pissa", 2)],
            study.Runs.Where(run => run.Stage == StudyStage.Reported).Select(run => (run.Method, (int)run.Seed)).Order());
        StudyDocument listed = (await _api.ReadAsync<StudyList>(ApiRoutes.Studies)).Items.Single(item => item.Id == study.Id);
        Assert.Equal((study.Name, StudyState.Completed, 0), (listed.Name, listed.State, listed.Runs.Count));
    }

    [Fact]
    public async Task Study_NothingSelected_RunsEveryCellWithEverySeedOnDev()
    {
        StudyDocument created = await _api.CreateAsync("""
            {"name":"curves","selection":"none","seeds":[3,4],"spec":{"notes":"steps=2 delay=1","precision":"auto"},
             "methods":[{"method":"lora-plus","grid":{"learningRate":[0.001,0.002],"learningRateB":[0.004]}}]}
            """);
        Assert.Equal((4, 4), (created.Runs.Count, created.PlannedRuns));

        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal(StudyState.Completed, study.State);
        Assert.All(study.Runs, run => Assert.Equal((StudyStage.Reported, RunState.Completed), (run.Stage, run.State)));
        Assert.Equal(4, study.Runs.Select(run => $"{run.Settings.ToJsonString()} {run.Seed}").Distinct().Count());
        Assert.Null(study.Arms[0].Selected);
        // The precision and micro-batch that the first run's worker chose are passed to the other runs.
        RunSpec[] specs = [.. study.Runs.Select(run => JsonSerializer.Deserialize<RunSpec>(
            File.ReadAllText(Path.Combine(scripted.Server.DataDirectory, "runs", run.RunId, "spec.json")), ContractJson.Options)!)];
        Assert.Equal([Precision.Auto, Precision.Fp32, Precision.Fp32, Precision.Fp32], specs.Select(spec => spec.Precision));
        Assert.Equal([null, 16, 16, 16], specs.Select(spec => spec.MicroBatch.Sentences));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Study_RunsThatFail_AreNamedAndNothingIsChosenFromThem()
    {
        StudyDocument created = await _api.CreateAsync(StudyApi.OneMethod("bursts", "pissa", "burst=0.004"));

        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        // The only cell that completes has the smallest rate; the one below it, which is tried too, is worse.
        Assert.Equal(StudyState.Completed, study.State);
        StudyArm arm = Assert.Single(study.Arms);
        Assert.Equal((0.002, GridPosition.InsideAfterExtension), ((double)arm.Selected!["learningRate"]!, arm.Position));
        Assert.Equal(0.001, (double)arm.Cells.Single(cell => cell.Extension).Settings["learningRate"]!);
        Assert.Equal(2, arm.Cells.Count(cell => cell.Accuracy is null));
        StudyRun failed = study.Runs.First(run => run.State == RunState.Failed);
        Assert.Contains(study.Warnings, warning =>
            warning.Contains(failed.RunId, StringComparison.Ordinal) && warning.Contains("NaN", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Study_AMethodWithoutAnyResult_FailsAndGoesOnWhenARunOfItIsResumed()
    {
        StudyDocument created = await _api.CreateAsync("""
            {"name":"one crashes","seeds":[1,2],"spec":{"rank":4},"methods":[
              {"method":"lora","spec":{"notes":"steps=2 delay=1"}},
              {"method":"pissa","spec":{"notes":"steps=3 delay=1 crash@1=2"}}]}
            """);

        StudyDocument failed = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal(StudyState.Failed, failed.State);
        StudyRun crashed = failed.Runs.First(run => run.Method == "pissa");
        Assert.Contains("pissa", failed.Error, StringComparison.Ordinal);
        Assert.Contains(crashed.RunId, failed.Error, StringComparison.Ordinal);
        Assert.Equal(2, failed.Runs.Count(run => run is { Method: "lora", State: RunState.Completed }));

        // A user resumes one: the second attempt does not crash, and the study completes after all.
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(crashed.RunId, "resume"), expected: HttpStatusCode.Accepted);
        StudyDocument completed = await _api.WaitForStudyAsync(created.Id, study => study.State == StudyState.Completed);
        Assert.Null(completed.Error);
        Assert.Contains(completed.Warnings, warning => warning.Contains("1 of 2 reported runs", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancel_InTheMiddle_StopsWhatRunsAndWhatWaitsAndCreatesNothingMore()
    {
        StudyDocument created = await _api.CreateAsync(StudyApi.OneMethod("cancelled", "lora", "pause=1 for=30000"));
        await _api.WaitForStudyAsync(created.Id, study => study.Runs.Any(run => run.State == RunState.Running));

        StudyDocument asked = await _api.SendAsync<StudyDocument>(
            HttpMethod.Post, ApiRoutes.Study(created.Id, "cancel"), expected: HttpStatusCode.Accepted);

        Assert.Equal(StudyState.Cancelled, asked.State);
        Assert.Equal(2, asked.Runs.Count(run => run.State == RunState.Cancelled));
        StudyDocument ended = await _api.WaitForEndOfStudyAsync(created.Id);
        Assert.Equal(StudyState.Cancelled, ended.State);
        Assert.All(ended.Runs, run => Assert.Equal((RunState.Cancelled, EndReason.Cancelled), (run.State, run.EndReason)));
        Assert.Equal(3, ended.Runs.Count);

        // Cancelling again has the same response. A resumed run is left alone.
        await _api.SendAsync<StudyDocument>(HttpMethod.Post, ApiRoutes.Study(created.Id, "cancel"), expected: HttpStatusCode.Accepted);
        await _api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(ended.Runs[^1].RunId, "resume"), expected: HttpStatusCode.Accepted);
        await _api.WaitAsync(ended.Runs[^1].RunId, run => run.State == RunState.Running);
        Assert.Equal(StudyState.Cancelled, (await _api.StudyAsync(created.Id)).State);
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(ended.Runs[^1].RunId, "kill"), expected: HttpStatusCode.Accepted);
        await _api.WaitForEndAsync(ended.Runs[^1].RunId);
    }

    [Fact]
    public async Task Delete_RunsOfAStudy_ItKeepsWhatItKnewAndGoesOnWithoutThem()
    {
        await _api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");
        StudyDocument created = await _api.CreateAsync(StudyApi.OneMethod("deleted", "lora"));
        StudyRun waiting = created.Runs.Single(run => (double)run.Settings["learningRate"]! == 0.001);
        await DeleteAsync(waiting.RunId);
        await _api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":false}""");
        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal(StudyState.Completed, study.State);
        Assert.Equal(
            (RunState.Cancelled, EndReason.Cancelled),
            (study.Runs.Single(run => run.RunId == waiting.RunId).State, study.Runs.Single(run => run.RunId == waiting.RunId).EndReason));
        StudyRun reported = study.Runs.First(run => run.Stage == StudyStage.Reported);
        await DeleteAsync(reported.RunId);
        StudyRun remembered = (await _api.StudyAsync(created.Id)).Runs.Single(run => run.RunId == reported.RunId);
        Assert.Equal((reported.State, reported.Accuracy, reported.Seed), (remembered.State, remembered.Accuracy, remembered.Seed));
        Assert.NotNull(remembered.Accuracy);
        Assert.Equal(StudyState.Completed, (await _api.StudyAsync(created.Id)).State);
    }

    [Fact]
    public async Task Create_TwiceWithTheSameKey_IsOneStudy()
    {
        string body = """{"name":"only once","seeds":[1],"methods":[{"method":"lora","spec":{"notes":"steps=1 delay=1"}}]}""";
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.Studies) { Content = RunApi.Json(body) };
            request.Headers.Add("Idempotency-Key", "study-once");
            using HttpResponseMessage response = await _api.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            return await response.Content.ReadAsStringAsync();
        }));

        Assert.Single(answers.Distinct());
        StudyDocument study = await _api.WaitForEndOfStudyAsync((string)JsonNode.Parse(answers[0])!["id"]!);
        Assert.Equal((StudyState.Completed, 1), (study.State, study.Runs.Count));
        using HttpRequestMessage other = new(HttpMethod.Post, ApiRoutes.Studies)
        {
            Content = RunApi.Json(body.Replace("only once", "another", StringComparison.Ordinal)),
        };
        other.Headers.Add("Idempotency-Key", "study-once");
        using HttpResponseMessage refused = await _api.Http.SendAsync(other);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
    }

    [Fact]
    public async Task Edit_NameAndNotes_AreTheStudysAndTheFormerNameIsFree()
    {
        string body = """{"name":"first name","notes":"as sent","seeds":[1],"methods":[{"method":"lora","spec":"""
            + """{"notes":"steps=1 delay=1"}}]}""";
        StudyDocument study = await _api.CreateAsync(body);

        StudyDocument renamed = await _api.SendAsync<StudyDocument>(
            HttpMethod.Patch, ApiRoutes.Study(study.Id), """{"name":" second name "}""");
        Assert.Equal(("second name", "as sent", "second name"), (renamed.Name, renamed.Notes, renamed.Plan.Name));
        StudyDocument noted = await _api.SendAsync<StudyDocument>(HttpMethod.Patch, ApiRoutes.Study(study.Id), """{"notes":null}""");
        Assert.True(string.IsNullOrEmpty(noted.Notes) && noted.Name == "second name");

        StudyDocument ended = await _api.WaitForEndOfStudyAsync(study.Id);
        Assert.Equal((StudyState.Completed, "second name", 1), (ended.State, ended.Name, ended.Runs.Count));
        StudyDocument other = await _api.CreateAsync(body);
        JsonObject taken = await _api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Patch, ApiRoutes.Study(study.Id), RunApi.Json("""{"name":"First Name"}"""));
        Assert.Contains(other.Id, (string)taken["detail"]!, StringComparison.Ordinal);
        JsonObject empty = await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Patch, ApiRoutes.Study(study.Id), RunApi.Json("""{"name":" "}"""));
        Assert.NotNull(empty["errors"]!["name"]);
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Patch, ApiRoutes.Study("none"), RunApi.Json("{}"));
        Assert.Equal("second name", (await _api.ReadAsync<StudyDocument>(ApiRoutes.Study(study.Id))).Name);
    }

    private async Task DeleteAsync(string runId)
    {
        using HttpResponseMessage response = await _api.Http.DeleteAsync(ApiRoutes.Run(runId));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }
}
