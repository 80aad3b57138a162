using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Previews of sweeps, and their creation.</summary>
public sealed class SweepCreationTests(ScriptedServer server) : IClassFixture<ScriptedServer>
{
    private readonly SweepApi _sweeps = new(server.Api);

    public static TheoryData<string, string, string> Wrong => new()
    {
        { """{"space":[]}""", "space", "at least one field" },
        { """{"spec":{"evalSplit":"dev"},"space":[{"field":"rank","values":[4]}]}""", "spec.evalSplit", "selection split only" },
        { """{"space":[{"field":"rank","values":[4,8]}],"constraints":["rank > 8"]}""", "constraints",
            "None of the 2 grid combinations satisfies 'rank > 8'" },
        { """{"sampler":"random","runs":5,"space":[{"field":"alpha","range":"uniform","low":1,"high":2}],"constraints":["alpha > 3"]}""",
            "constraints", "there is nothing to run" },
        { """{"space":[{"field":"rank","range":"integer","low":1,"high":400},{"field":"alpha","values":[8,16]}]}""", "confirm",
            "has 800 runs" },
        { """{"space":[{"field":"rank","range":"integer","low":1,"high":400},{"field":"seed","range":"integer","low":1,"high":400}]}""",
            "space", "160,000 combinations" },
        { """{"space":[{"field":"rank","values":[4]}],"runs":3}""", "runs", "a grid runs all its points" },
        { """{"sampler":"tpe","space":[{"field":"rank","values":[4]}]}""", "runs", "runs is missing" },
        { """{"sampler":"tpe","runs":9,"pruner":{"kind":"halving"},"space":[{"field":"rank","values":[4,8]}]}""", "pruner",
            "halving needs all its runs" },
        { """{"pruner":{"kind":"median"},"space":[{"field":"epochs","values":[1,2]}]}""", "pruner", "epochs changes what a step" },
        { """{"pruner":{"kind":"median","factor":3},"space":[{"field":"rank","values":[4,8]}]}""", "pruner", "options of halving" },
        { """{"pruner":{"kind":"halving","factor":1},"space":[{"field":"rank","values":[4,8]}]}""", "pruner.factor", "from 2 to 100" },
        { """{"pruner":{"kind":"halving","firstRung":50},"space":[{"field":"rank","values":[4,8]}]}""", "pruner.firstRung",
            "no rung lies before the end" },
        { """{"objective":"train/loss","space":[{"field":"rank","values":[4,8]}]}""", "objective", "must be one of" },
        { """{"space":[{"field":"rank","values":[4,0]}]}""", "rank", "rank 0: rank is 0; it must be at least 1." },
        { """{"spec":{"modle":"sample"},"space":[{"field":"rank","values":[4]}]}""", "modle", "not a field" },
        { """{"space":[null]}""", "space[0]", "has no field name" },
        { """{"space":null}""", "space", "must not be null" },
        { """{"name":" ","space":[{"field":"rank","values":[4]}]}""", "name", "name is empty" },
    };

    [Fact]
    public async Task Preview_Grid_CountsRunsAndStepsAndCreatesNothing()
    {
        JsonObject plan = SweepApi.Bowl("steps=20 delay=0", 1e-4, 1e-3, 1e-2);
        plan["space"]!.AsArray()
            .Add(new JsonObject { ["field"] = "rank", ["range"] = "integer", ["low"] = 4, ["high"] = 16, ["steps"] = 3 });
        plan["constraints"] = new JsonArray("rank * 1000 >= 4 / learningRate / 10");
        int before = (await server.Api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items.Count;

        SweepPreview preview = await _sweeps.PreviewAsync(plan);

        // 1e-4 needs rank 4 and has it, so nothing is excluded.
        Assert.Equal((9, 0, 180L), (preview.Runs, preview.Excluded, preview.Steps));
        Assert.Equal("""{"learningRate":0.0001,"rank":4}""", preview.First[0].ToJsonString());
        Assert.Equal("selection", (string?)preview.Plan.Spec["evalSplit"]);
        Assert.Equal("learningRate × rank, grid of 9", preview.Plan.Name);
        Assert.Equal(before, (await server.Api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items.Count);

        plan["constraints"] = new JsonArray("rank * learningRate > 0.004");
        preview = await _sweeps.PreviewAsync(plan);
        Assert.Equal((5, 4), (preview.Runs, preview.Excluded));
    }

    [Fact]
    public async Task Preview_AfterARunWasFinished_KnowsThePaceAndSaysWhereFrom()
    {
        await server.Api.WaitForEndAsync((await server.Api.SubmitAsync("""{"notes":"steps=4 delay=0"}""")).Id);

        SweepPreview preview = await _sweeps.PreviewAsync(SweepApi.Bowl("steps=20 delay=0", 1e-4, 1e-3));

        // Scripted runs of 4 steps report 1.5 s, 0.5 s and 0.25 s; the numbers of rows and evaluations are the scripted worker's.
        Assert.NotNull(preview.DeviceHours);
        Assert.InRange(preview.DeviceHours.Value, 2 * 0.25 / 3600, 300.0 / 3600);
        Assert.Contains("of sample on sample on cpu", preview.Basis, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preview_Halving_SaysExactlyWhatIsLeftOfTheSteps()
    {
        JsonObject plan = SweepApi.Bowl("steps=45 delay=0", [.. Enumerable.Range(1, 9).Select(i => i * 1e-4)]);
        plan["pruner"] = new JsonObject { ["kind"] = "halving" };

        SweepSavings saving = (await _sweeps.PreviewAsync(plan)).Savings!;

        // Nine to 5, three on to 15, one on to 45.
        Assert.Equal([(5, 9), (15, 3), (45, 1)], saving.Rungs.Select(rung => (rung.Step, rung.Runs)));
        Assert.Equal((45L + 30 + 30, true), (saving.Steps, saving.Exact));
        Assert.Contains("105 of 405 steps (26%)", saving.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preview_Median_SaysThatItIsABound()
    {
        JsonObject plan = SweepApi.Bowl("steps=45 delay=0", [.. Enumerable.Range(1, 9).Select(i => i * 1e-4)]);
        plan["pruner"] = new JsonObject { ["kind"] = "median" };

        SweepSavings saving = (await _sweeps.PreviewAsync(plan)).Savings!;

        Assert.Equal(((4L * 45) + (5 * 10), false), (saving.Steps, saving.Exact));
        Assert.Contains("at least", saving.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Create_WrongPlan_IsRefusedBySentenceAndLeavesNothing(string json, string field, string sentence)
    {
        JsonObject problem = await _sweeps.RefusedAsync(JsonNode.Parse(json)!.AsObject());

        Assert.Contains(sentence, (string?)problem["errors"]![field]?[0], StringComparison.Ordinal);
        Assert.DoesNotContain((await server.Api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items, sweep =>
            sweep.Plan.Space.Any(other => other.Field is "epochs" or "seed"));
    }

    [Fact]
    public async Task Preview_MoreThanFiveHundredRuns_IsShownWithTheWarningThatItMustBeConfirmed()
    {
        JsonObject plan = JsonNode.Parse(
            """{"space":[{"field":"rank","range":"integer","low":1,"high":400},{"field":"alpha","values":[8,16]}]}""")!.AsObject();

        SweepPreview preview = await _sweeps.PreviewAsync(plan);

        Assert.Equal(800, preview.Runs);
        Assert.Contains(preview.Warnings, warning => warning.Contains("confirm: true", StringComparison.Ordinal));
        plan["confirm"] = true;
        Assert.DoesNotContain((await _sweeps.PreviewAsync(plan)).Warnings, warning =>
            warning.Contains("confirm", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_Key_IsOneSweepHoweverOftenItIsSent()
    {
        JsonObject plan = SweepApi.Bowl("steps=2 delay=0", 1e-4, 1e-3);
        using HttpResponseMessage first = await SendAsync("sweep-key", plan);
        using HttpResponseMessage second = await SendAsync("sweep-key", plan);
        plan["seed"] = 1;
        using HttpResponseMessage other = await SendAsync("sweep-key", plan);

        Assert.Equal(
            (HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.UnprocessableEntity),
            (first.StatusCode, second.StatusCode, other.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotency-Replayed")));
        SweepDocument created = System.Text.Json.JsonSerializer.Deserialize<SweepDocument>(
            await first.Content.ReadAsStringAsync(), ContractJson.Options)!;
        Assert.Equal(2, created.Trials.Count(trial => trial.RunId is not null));
        Assert.Equal(2, (await _sweeps.RunsAsync(created.Id)).Count);
        await _sweeps.WaitForEndAsync(created.Id);
    }

    [Fact]
    public async Task Create_NameThatIsTaken_IsRefused()
    {
        JsonObject plan = SweepApi.Bowl("steps=1 delay=0", 1e-3);
        plan["name"] = "rates";
        SweepDocument created = await _sweeps.CreateAsync(plan);

        JsonObject problem = await _sweeps.RefusedAsync(plan, HttpStatusCode.Conflict);

        Assert.Contains($"A sweep named 'rates' already exists ({created.Id})", (string?)problem["detail"], StringComparison.Ordinal);
        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);

        SweepDocument renamed = await server.Api.SendAsync<SweepDocument>(
            HttpMethod.Patch, ApiRoutes.Sweep(created.Id), """{"name":"old rates","notes":"done"}""");
        Assert.Equal(
            ("old rates", "done", ended.State, ended.Best!.RunId), (renamed.Name, renamed.Notes, renamed.State, renamed.Best!.RunId));
        await _sweeps.WaitForEndAsync((await _sweeps.CreateAsync(plan)).Id);
        await server.Api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Patch, ApiRoutes.Sweep(created.Id), RunApi.Json("""{"name":"Rates"}"""));
        await server.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Patch, ApiRoutes.Sweep(created.Id), RunApi.Json("""{"name":""}"""));
    }

    [Fact]
    public async Task Runs_OfASweep_AreOrdinaryRunsOnTheSelectionSplit()
    {
        SweepDocument created = await _sweeps.CreateAsync(SweepApi.Bowl("steps=1 delay=0", 1e-4, 1e-3));
        SweepDocument ended = await _sweeps.WaitForEndAsync(created.Id);
        IReadOnlyList<RunDocument> runs = await _sweeps.RunsAsync(created.Id);

        Assert.Equal(SweepState.Completed, ended.State);
        Assert.All(runs, run =>
            Assert.Equal((created.Id, EvalSplit.Selection, RunState.Completed), (run.SweepId, run.Spec.EvalSplit, run.State)));
        Assert.Equal([1e-4, 1e-3], runs.Select(run => run.Spec.LearningRate!.Value));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Server.Http.GetAsync(ApiRoutes.Sweep("nothing"))).StatusCode);
    }

    private Task<HttpResponseMessage> SendAsync(string key, JsonObject plan)
    {
        HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.Sweeps) { Content = RunApi.Json(plan.ToJsonString()) };
        request.Headers.Add("Idempotency-Key", key);
        return server.Server.Http.SendAsync(request);
    }
}
