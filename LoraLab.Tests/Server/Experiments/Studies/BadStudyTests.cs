using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Invalid studies are rejected as a whole, with a message that names the error.</summary>
[Collection(nameof(SharedServer))]
public sealed class BadStudyTests(ScriptedServer scripted)
{
    private const string Lora = """[{"method":"lora"}]""";

    private readonly RunApi _api = scripted.Api;

    public static TheoryData<string, string, string> Bad => new()
    {
        { """{"template":"better-call-lora"}""", "size", "smoke" },
        { """{"template":"better-call-lora","size":"huge"}""", "size", "figure-1" },
        { """{"template":"call-lora","size":"smoke"}""", "template", "better-call-lora" },
        { """{"template":"better-call-lora","size":"smoke","profile":"giant"}""", "profile", "tinyllama" },
        { """{"size":"smoke","seeds":[1],"methods":[{"method":"lora"}]}""", "size", "template" },
        { """{"seeds":[1]}""", "methods", "methods" },
        { """{"methods":[{"method":"lora"}]}""", "seeds", "seeds" },
        { """{"seeds":[],"methods":[{"method":"lora"}]}""", "seeds", "seeds" },
        { """{"seeds":[1,2,1],"methods":[{"method":"lora"}]}""", "seeds", "1 more than once" },
        { """{"seeds":[-1],"methods":[{"method":"lora"}]}""", "seeds", "-1" },
        { """{"seeds":[1],"methods":[{"method":"dora"}]}""", "methods[0].method", "dora" },
        { """{"seeds":[1],"methods":[{"method":"lora"},{"method":"lora"}]}""", "methods[1].method", "more than once" },
        { """{"seeds":[1],"methods":[{"method":"lora","arm":"a"},{"method":"pissa","arm":"a"}]}""", "methods[1].arm", "another entry" },
        { """{"seeds":[1],"methods":[{"method":"lora","arm":"Two words"}]}""", "methods[0].arm", "small letters" },
        { """{"seeds":[1],"methods":[{"method":"lora","parts":[]}]}""", "methods[0].parts", "equalRank" },
        { """{"seeds":[1],"parameterBudget":9,"methods":[{"method":"lora"}]}""", "parameterBudget", "methods-2026" },
        { """{"template":"methods-2026","size":"smoke","parameterBudget":0}""", "parameterBudget", "at least 1" },
        { """{"template":"methods-2026","size":"smoke","spec":{"rank":-2}}""", "rank", "at rank -2" },
        { """{"template":"methods-2026","size":"smoke","methods":[{"method":"lora","spec":{"rank":2}}]}""", "methods[0].spec.rank",
            "chooses the rank" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"learningRate":[]}}]}""", "methods[0].grid.learningRate", "no values" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"learningRate":[0.1,null]}}]}""", "methods[0].grid.learningRate", "null" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"learningRate":[0.1,0.10]}}]}""", "methods[0].grid.learningRate",
            "more than once" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"lr":[0.1]}}]}""", "methods[0].grid.lr", "lr" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"seed":[1,2]}}]}""", "methods[0].grid.seed", "seeds" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"orderSeed":[1,2]}}]}""", "methods[0].grid.orderSeed", "pair" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"evalSplit":["dev"]}}]}""", "methods[0].grid.evalSplit", "selection split" },
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"tags":[["a"]]}}]}""", "methods[0].grid.tags", "tags" },
        { """{"seeds":[1],"methods":[{"method":"lora","spec":{"rank":4},"grid":{"rank":[2,4]}}]}""", "methods[0].grid.rank", "rank" },
        { """{"seeds":[1],"spec":{"evalSplit":"dev"},"methods":[{"method":"lora"}]}""", "spec.evalSplit", "selection split" },
        { """{"seeds":[1],"spec":{"seed":1},"methods":[{"method":"lora"}]}""", "spec.seed", "seeds" },
        { """{"seeds":[1],"spec":{"learningrate":1},"methods":[{"method":"lora"}]}""", "spec.learningrate", "learningrate" },
        { """{"seeds":[1],"methods":[{"method":"lora","spec":{"model":"other"}}]}""", "methods[0].spec.model", "field of the study" },
        { """{"name":" ","seeds":[1],"methods":[{"method":"lora"}]}""", "name", "name" },
        { """{"schemaVersion":7,"seeds":[1],"methods":[{"method":"lora"}]}""", "schemaVersion", "7" },
        // Reported by the check of the runs, with the label of the run.
        { """{"seeds":[1],"methods":[{"method":"lora","grid":{"rank":[4,-2]}}]}""", "rank", "lora with rank -2" },
        { """{"seeds":[1],"model":"nowhere","methods":[{"method":"lora"}]}""", "model", "nowhere" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Create_WhatCannotBe_NamesFieldAndReasonAndCreatesNothing(string body, string field, string word)
    {
        int before = (await _api.ReadAsync<RunList>(ApiRoutes.Runs)).Total;

        JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Studies, RunApi.Json(body));

        Assert.Contains(word, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.True(problem["errors"]?[field] is not null, $"No error for {field}: {problem.ToJsonString()}");
        Assert.Equal(before, (await _api.ReadAsync<RunList>(ApiRoutes.Runs)).Total);
        Assert.DoesNotContain((await _api.ReadAsync<StudyList>(ApiRoutes.Studies)).Items, study => study.Plan.Methods!.Count == 0);
    }

    [Theory]
    [InlineData("""{"seeds":[1],"methods":"lora"}""", "methods")]
    [InlineData("""{"sedes":[1]}""", "sedes")]
    [InlineData("[]", "object")]
    public async Task Create_WhatCannotBeRead_SaysWhichMember(string body, string word) =>
        Assert.Contains(
            word,
            (string)(await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Studies, RunApi.Json(body)))["detail"]!,
            StringComparison.Ordinal);

    [Fact]
    public async Task Create_MoreThan500Runs_NeedsConfirmAndThenRoom()
    {
        string rates = string.Join(",", Enumerable.Range(1, 60).Select(i => $"0.{i:000}"));
        string body = $$$"""{"name":"many","seeds":[1,2,3,4,5,6,7,8,9],"selection":"none","methods":[{"method":"lora","spec":"""
            + $$$"""{"notes":"steps=1"},"grid":{"learningRate":[{{{rates}}}]}}]}""";

        JsonObject many = await _api.RefusedAsync(
            HttpStatusCode.UnprocessableEntity, HttpMethod.Post, ApiRoutes.Studies, RunApi.Json(body));
        Assert.Equal("tooManyRuns", (string?)many["code"]);
        Assert.Contains("540 runs", (string)many["detail"]!, StringComparison.Ordinal);

        string more = body.Replace("[1,2,3,4,5,6,7,8,9]", $"[{string.Join(",", Enumerable.Range(1, 50))}]", StringComparison.Ordinal);
        JsonObject full = await _api.RefusedAsync(
            HttpStatusCode.TooManyRequests, HttpMethod.Post, ApiRoutes.Studies + "?confirm=true", RunApi.Json(more));
        Assert.Equal("queueFull", (string?)full["code"]);
        Assert.Contains("3000", (string)full["detail"]!, StringComparison.Ordinal);

        StudyPreview preview = await _api.SendAsync<StudyPreview>(HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true&confirm=true", body);
        Assert.Equal((0, 540), (preview.SelectionRuns, preview.ReportedRuns));
        Assert.DoesNotContain((await _api.ReadAsync<StudyList>(ApiRoutes.Studies)).Items, study => study.Name == "many");
    }

    [Fact]
    public async Task Create_NameThatIsTaken_IsAConflict()
    {
        string body = $$"""{"name":"taken","seeds":[1],"spec":{"notes":"steps=1 delay=1"},"methods":{{Lora}}}""";
        StudyDocument first = await _api.CreateAsync(body);

        JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.Conflict,
            HttpMethod.Post,
            ApiRoutes.Studies,
            RunApi.Json(body.Replace("taken", "Taken", StringComparison.Ordinal)));

        Assert.Equal("studyNameTaken", (string?)problem["code"]);
        Assert.Contains(first.Id, (string)problem["detail"]!, StringComparison.Ordinal);
        await _api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", RunApi.Json(body));
        // A study without a name is given a unique one.
        string nameless = $$"""{"seeds":[1],"spec":{"notes":"steps=1 delay=1"},"methods":{{Lora}}}""";
        Assert.NotEqual((await _api.CreateAsync(nameless)).Name, (await _api.CreateAsync(nameless)).Name);
    }

    [Fact]
    public async Task Routes_OfAStudyThatIsNot_AreNotFound()
    {
        string run = (await _api.SubmitAsync("""{"notes":"steps=1 delay=1"}""")).Id;
        foreach (string id in (string[])["none", run])
        {
            Assert.Equal(
                "studyNotFound", (string?)(await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Study(id)))["code"]);
            await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Post, ApiRoutes.Study(id, "cancel"));
        }
    }

    [Fact]
    public async Task Cancel_AStudyThatHasEnded_IsAConflict()
    {
        StudyDocument study =
            await _api.CreateAsync($$"""{"name":"short","seeds":[1],"spec":{"notes":"steps=1 delay=1"},"methods":{{Lora}}}""");
        await _api.WaitForEndOfStudyAsync(study.Id);

        Assert.Equal(
            "studyEnded",
            (string?)(await _api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Study(study.Id, "cancel")))["code"]);
    }
}
