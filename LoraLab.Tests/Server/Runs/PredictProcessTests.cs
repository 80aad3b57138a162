using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>
/// The process that computes predictions, with the scripted worker: when it begins, ends and is replaced, and what is limited.
/// </summary>
public sealed class PredictProcessTests(PredictProcessTests.PredictServer shared) : IClassFixture<PredictProcessTests.PredictServer>
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Predict_LaneClaimsTheDevice_IsUnavailableAndTheNextCallWorksBesideTheRun()
    {
        ModelPredictResult idle = await AskAsync("a");
        int asked = Processes().Count;
        Task<JsonObject> displaced = RefusedAsync(HttpStatusCode.ServiceUnavailable, "hang");
        await UntilAsync(() => Processes().Count > asked);
        RunDocument run = await shared.Api.SubmitAsync("""{"notes":"steps=60 delay=20"}""");

        Assert.Equal("predictDisplaced", (string?)(await displaced)["code"]);
        await shared.Api.WaitAsync(run.Id, document => document.State == RunState.Running);
        Assert.False(Lives(Processes()[^1]), "The process lives beside a run that claimed the device.");
        ModelPredictResult beside = await AskAsync("a");
        await AskAsync("b");

        Assert.Equal((2, "scripted", 1, "cpu"), (idle.Threads, idle.Device, beside.Threads, beside.Device));
        run = await shared.Api.WaitForEndAsync(run.Id);
        Assert.Equal((RunState.Completed, 2), (run.State, run.Summary.PredictionsBeside));
        Assert.Single(run.Warnings, warning => warning.StartsWith("Predictions were computed beside", StringComparison.Ordinal));
        await ComparedAsync(run);
    }

    [Theory]
    [InlineData("sleep=9000")]
    [InlineData("hang")]
    public async Task Predict_TooLong_IsUnavailableAndTheNextCallWorks(string prompt)
    {
        Assert.Equal("predictTimeout", (string?)(await RefusedAsync(HttpStatusCode.ServiceUnavailable, prompt))["code"]);

        Assert.StartsWith("model ", (await AskAsync("a")).Items![0].Generated, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predict_ProcessDies_IsUnavailableWithItsLastLineAndTheNextCallWorks()
    {
        JsonObject died = await RefusedAsync(HttpStatusCode.ServiceUnavailable, "die");
        int dead = Processes()[^1];

        Assert.Equal("trainerUnavailable", (string?)died["code"]);
        Assert.Contains("scripted death", (string?)died["detail"], StringComparison.Ordinal);
        Assert.StartsWith("model ", (await AskAsync("a")).Items![0].Generated, StringComparison.Ordinal);
        Assert.NotEqual(dead, Processes()[^1]);
    }

    [Fact]
    public async Task Predict_NoRequestForAWhile_EndsTheProcess()
    {
        await AskAsync("a");
        await AskAsync("a");
        IReadOnlyList<int> asked = Processes();
        Assert.Equal(asked[^2], asked[^1]);

        await UntilAsync(() => !Lives(asked[^1]));

        await AskAsync("a");
        Assert.NotEqual(asked[^1], Processes()[^1]);
    }

    [Fact]
    public async Task Predict_ManyAtOnce_AreLimited()
    {
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(_ => shared.Server.Http.PostAsync(ApiRoutes.Predict, RunApi.Json(Prompt("sleep=100")))));

        Assert.Equal(9, responses.Count(response => response.StatusCode == HttpStatusCode.OK));
        Assert.All(
            responses.Where(response => response.StatusCode != HttpStatusCode.OK),
            response => Assert.True(response is { StatusCode: HttpStatusCode.TooManyRequests, Headers.RetryAfter: not null }));
    }

    [Fact]
    public async Task Predict_Inputs_AreAtMostSixteen()
    {
        RunDocument run = await shared.Api.WaitForEndAsync((await shared.Api.SubmitAsync("""{"notes":"steps=1"}""")).Id);
        string Inputs(int count) => new JsonObject
        {
            ["inputs"] = new JsonArray(
                [.. Enumerable.Range(0, count).Select(i => (JsonNode)new JsonObject { ["sentence"] = $"text {i}" })]),
        }.ToJsonString();

        PredictResult result = await shared.Api.SendAsync<PredictResult>(
            HttpMethod.Post, ApiRoutes.Run(run.Id, "predict"), Inputs(PredictLimits.Inputs));
        JsonObject refused = await shared.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Run(run.Id, "predict"), RunApi.Json(Inputs(PredictLimits.Inputs + 1)));

        Assert.Equal(Enumerable.Range(0, 16).Select(i => $"text {i}"), result.Items.Select(item => item.Prompt));
        Assert.Equal("inputs has 17 items; it must have from 1 to 16.", (string?)refused["detail"]);
    }

    [Fact]
    public async Task Predict_Runs_AreAnsweredSideBySide()
    {
        string[] ids = [await EndedAsync(), await EndedAsync(), await EndedAsync()];
        string list = $"[{string.Join(',', ids.Select(id => $"\"{id}\""))}]";

        ModelPredictResult three = await SendAsync($$"""{"runs":{{list}},"prompt":"a"}""");
        ModelPredictResult beside = await SendAsync($$"""{"model":"sample","runs":["{{ids[1]}}"],"inputs":[{"sentence":"a"}]}""");
        ModelPredictResult one = await SendAsync($$"""{"runs":["{{ids[0]}}"],"prompt":"a"}""");

        Assert.Equal(ids, three.Answers!.Select(answer => answer.Run));
        Assert.All(three.Answers!, answer => Assert.StartsWith($"{answer.Run} ", answer.Items[0].Generated, StringComparison.Ordinal));
        Assert.True(three is { Items: null, Device: null, Seconds: 1.5 });
        Assert.Equal([null, ids[1]], beside.Answers!.Select(answer => answer.Run));
        Assert.Equal(one.Answers!.Single().Items, one.Items);
        Assert.True(await AskAsync("a") is { Answers: null, Items.Count: 1 });
    }

    [Fact]
    public async Task Predict_RunsThatDoNotFit_AreRefused()
    {
        string id = await EndedAsync();
        string other = await EndedAsync("instructions");
        string failed = await EndedAsync(notes: "steps=2 fail");

        await RefusedAsync(HttpStatusCode.BadRequest, $"""["{id}","{other}"]""", "runs", "one task");
        await RefusedAsync(HttpStatusCode.BadRequest, $"""["{id}","{id}"]""", "runs", "different ids");
        await RefusedAsync(HttpStatusCode.BadRequest, "[]", "runs", "has 0 items");
        await RefusedAsync(HttpStatusCode.BadRequest, """["a","b","c","d"]""", "runs", "has 4 items; it must have from 1 to 3");
        await RefusedAsync(HttpStatusCode.NotFound, $"""["{id}","01NONE"]""", null, "There is no run and no alias '01NONE'.");
        await RefusedAsync(HttpStatusCode.Conflict, $"""["{id}","{failed}"]""", null, $"Run {failed} ended without an adapter");
        await RefusedAsync(HttpStatusCode.BadRequest, $"""["{id}"],"model":"other" """, "model", "the runs trained 'sample'");
        await RefusedAsync(HttpStatusCode.BadRequest, $"""["{id}"],"labels":["a","b"]""", "labels", "leave out labels");
        await RefusedAsync(HttpStatusCode.BadRequest, $"""["{id}"],"topK":1""", "topK", "leave out topK");
    }

    [Theory]
    [InlineData("""{"inputs":[{"sentence":3}]}""", "'inputs[0].sentence' has a value of the wrong type; it must be a text.")]
    [InlineData("""{"model":"sample","inputs":{}}""", "'inputs' has a value of the wrong type; it must be a list.")]
    [InlineData("""{"model":"sample","inputs":["a"]}""", "'inputs[0]' has a value of the wrong type; it must be an object.")]
    [InlineData("""{"model":"sample","prompt":"a","topK":1.5}""", "'topK' has a value of the wrong type; it must be a whole number.")]
    [InlineData("""{"prompt":"a","generate":[]}""", "'generate' has a value of the wrong type; it must be an object.")]
    [InlineData("""{"prompt":"a","generate":{"topP":"x"}}""", "'generate.topP' has a value of the wrong type; it must be a number.")]
    [InlineData("""{"runs":"a"}""", "'runs' has a value of the wrong type; it must be a list.")]
    [InlineData(
        """{"prompt":"a","generate":{"maxToken":1}}""",
        "'generate.maxToken' is not a known member of this body; known are maxTokens, temperature, topP, seed, stop.")]
    public async Task Predict_BodyOfTheWrongShape_IsToldWhatItMustBe(string json, string message)
    {
        JsonObject refused = await shared.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Predict, RunApi.Json(json));

        Assert.Equal(message, (string?)refused["detail"]);
    }

    private static string Prompt(string prompt) => new JsonObject { ["model"] = "sample", ["prompt"] = prompt }.ToJsonString();

    private static bool Lives(int id) => ProcessWait.Lives(id);

    private static Task UntilAsync(Func<bool> holds) => ProcessWait.UntilAsync(holds, _patience);

    /// <summary>Times of a run beside which predictions were computed are not ranked among others.</summary>
    private async Task ComparedAsync(RunDocument marked)
    {
        string other = await EndedAsync();
        CompareDocument compared = await shared.Api.ReadAsync<CompareDocument>($"{ApiRoutes.Compare}?runs={marked.Id},{other}");
        string csv = await shared.Server.Http.GetStringAsync($"{ApiRoutes.Compare}/export?format=csv&runs={marked.Id},{other}");

        Assert.Contains(
            compared.Notes,
            note => note.StartsWith($"Predictions were computed beside {compared.Rows[0].Label}: their times", StringComparison.Ordinal));
        Assert.Equal([2, null], compared.Rows.Select(row => row.Summary.PredictionsBeside));
        Assert.Contains(",predictionsBeside,", csv, StringComparison.Ordinal);
    }

    private Task<ModelPredictResult> AskAsync(string prompt) => SendAsync(Prompt(prompt));

    private Task<ModelPredictResult> SendAsync(string json) =>
        shared.Api.SendAsync<ModelPredictResult>(HttpMethod.Post, ApiRoutes.Predict, json);

    private Task<JsonObject> RefusedAsync(HttpStatusCode status, string prompt) =>
        shared.Api.RefusedAsync(status, HttpMethod.Post, ApiRoutes.Predict, RunApi.Json(Prompt(prompt)));

    private async Task RefusedAsync(HttpStatusCode status, string runs, string? field, string part)
    {
        JsonObject refused = await shared.Api.RefusedAsync(
            status, HttpMethod.Post, ApiRoutes.Predict, RunApi.Json($$"""{"runs":{{runs}},"prompt":"a"}"""));
        Assert.Contains(part, (string?)refused["detail"], StringComparison.Ordinal);
        Assert.True(field is null || refused["errors"]![field] is not null, refused.ToJsonString());
    }

    private async Task<string> EndedAsync(string dataset = "sample", string notes = "steps=1") =>
        (await shared.Api.WaitForEndAsync((await shared.Api.SubmitAsync($$"""{"dataset":"{{dataset}}","notes":"{{notes}}"}""")).Id)).Id;

    /// <summary>The process of each request so far.</summary>
    private IReadOnlyList<int> Processes()
    {
        string list = Path.Combine(shared.Server.DataDirectory, "predictions.txt");
        return File.Exists(list) ? [.. File.ReadAllLines(list).Select(line => int.Parse(line, CultureInfo.InvariantCulture))] : [];
    }

    /// <summary>A server whose predictions have two seconds and whose process waits one second for the next.</summary>
    public sealed class PredictServer : IAsyncLifetime
    {
        internal ServerProcess Server { get; private set; } = null!;

        internal RunApi Api => new(Server.Http);

        public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string>
            {
                ["OMP_NUM_THREADS"] = "2",
                ["LoraLab__Predictions__Seconds"] = "2",
                ["LoraLab__Predictions__IdleSeconds"] = "1",
            },
        });

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
