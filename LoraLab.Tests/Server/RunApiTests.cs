using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Submission, editing, lists and comparison; the queue is paused, so that runs stay queued.</summary>
public sealed class RunApiTests : IClassFixture<ScriptedServer>, IAsyncLifetime
{
    private readonly RunApi _api;
    private readonly HttpClient _http;

    public RunApiTests(ScriptedServer fixture)
    {
        _api = fixture.Api;
        _http = fixture.Server.Http;
    }

    public async ValueTask InitializeAsync() =>
        await _api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("""{"rank":0}""", "rank")]
    [InlineData("""{"method":"nope"}""", "method")]
    [InlineData("""{"model":"nope"}""", "model")]
    [InlineData("""{"ranc":4}""", "ranc")]
    [InlineData("""{"device":7}""", "device")]
    [InlineData("""{"tags":["a,b"]}""", "tags")]
    public async Task Submit_BadSpecification_IsRefusedWithTheField(string spec, string field)
    {
        JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(spec));

        string sentence = (string)problem["errors"]![field]![0]!;
        Assert.Contains(sentence, (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"rank":1,"rank":2}""")]
    public async Task Submit_MalformedBody_IsRefused(string body) =>
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(body));

    [Fact]
    public async Task Submit_OtherContentType_IsRefused() =>
        await _api.RefusedAsync(HttpStatusCode.UnsupportedMediaType, HttpMethod.Post, ApiRoutes.Runs, new StringContent("{}"));

    [Fact]
    public async Task Submit_DryRun_QueuesNothing()
    {
        int before = (await ListAsync("")).Total;

        DryRunResult result = await _api.SendAsync<DryRunResult>(
            HttpMethod.Post, ApiRoutes.Runs + "?dryRun=true", """{"method":"lora-xs"}""");

        Assert.Equal((10, 1024L, 2e-3), (result.TotalSteps, result.TrainableParameters, result.Spec.LearningRate));
        Assert.Equal(before, (await ListAsync("")).Total);
    }

    [Fact]
    public async Task Submit_SameIdempotencyKey_AnswersTheSameRunOrRefusesAnotherBody()
    {
        string key = Guid.NewGuid().ToString();

        (HttpStatusCode firstStatus, string first, Uri? location) = await SubmitWithKeyAsync(key, """{"notes":"once"}""");
        (HttpStatusCode againStatus, string again, Uri? againLocation) = await SubmitWithKeyAsync(key, """{"notes":"once"}""");
        (HttpStatusCode otherStatus, _, _) = await SubmitWithKeyAsync(key, """{"notes":"twice"}""");

        Assert.Equal(
            (HttpStatusCode.Created, HttpStatusCode.Created, HttpStatusCode.UnprocessableEntity), (firstStatus, againStatus, otherStatus));
        Assert.Equal((first, location), (again, againLocation));
        Assert.EndsWith((string)JsonNode.Parse(first)!["id"]!, location!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_TwiceWithoutName_NamesAndColorsDiffer()
    {
        RunDocument a = await _api.SubmitAsync("""{"method":"lora-plus","rank":3}""");
        RunDocument b = await _api.SubmitAsync("""{"method":"lora-plus","rank":3}""");

        Assert.Equal(("lora-plus r3", "lora-plus r3 #2"), (a.Name, b.Name));
        Assert.NotEqual(a.Color, b.Color);
        Assert.Matches("^#[0-9a-f]{6}$", b.Color);
    }

    [Fact]
    public async Task Submit_InspectorDies_IsStartedAgainOrSaysSo()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"inspector-dies-once"}""");
        Assert.Equal(RunState.Queued, run.State);

        JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.ServiceUnavailable, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json("""{"notes":"inspector-dies"}"""));
        Assert.Equal("trainerUnavailable", (string?)problem["code"]);
        await _api.SubmitAsync("{}");
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("PATCH", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/clone")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/predictions")]
    [InlineData("GET", "/logs")]
    [InlineData("GET", "/events")]
    [InlineData("GET", "/adapter")]
    [InlineData("GET", "/fingerprint")]
    [InlineData("GET", "/artifacts")]
    public async Task Run_UnknownId_Is404WithASentence(string method, string part) =>
        await _api.RefusedAsync(
            HttpStatusCode.NotFound, new HttpMethod(method), ApiRoutes.Run("nope") + part, method == "PATCH" ? RunApi.Json("{}") : null);

    [Fact]
    public async Task Edit_NameNotesTagsPriority_OnlyWhatIsGivenChanges()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes":"keep","tags":["a"]}""");

        RunDocument edited = await _api.SendAsync<RunDocument>(
            HttpMethod.Patch, ApiRoutes.Run(run.Id), """{"name":"better","tags":["x","y"],"priority":3}""");
        RunDocument cleared = await _api.SendAsync<RunDocument>(HttpMethod.Patch, ApiRoutes.Run(run.Id), """{"notes":null}""");

        Assert.Equal(("better", "keep", 3), (edited.Name, edited.Notes, edited.Priority));
        Assert.Equal(["x", "y"], edited.Tags);
        Assert.Equal(("better", null), (cleared.Name, cleared.Notes));
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Patch, ApiRoutes.Run(run.Id), RunApi.Json("""{"name":" "}"""));
        await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Patch, ApiRoutes.Run(run.Id), RunApi.Json("""{"state":"completed"}"""));
    }

    [Fact]
    public async Task Get_WithTheEntityTagOfBefore_IsNotModifiedUntilItChanges()
    {
        RunDocument run = await _api.SubmitAsync("{}");
        using HttpResponseMessage first = await _http.GetAsync(ApiRoutes.Run(run.Id));

        Assert.Equal(HttpStatusCode.NotModified, await StatusWithTagAsync());
        await _api.SendAsync<RunDocument>(HttpMethod.Patch, ApiRoutes.Run(run.Id), """{"name":"other"}""");
        Assert.Equal(HttpStatusCode.OK, await StatusWithTagAsync());

        async Task<HttpStatusCode> StatusWithTagAsync()
        {
            using HttpRequestMessage request = new(HttpMethod.Get, ApiRoutes.Run(run.Id));
            request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
            using HttpResponseMessage response = await _http.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Clone_WithAnotherMethod_TakesThatMethodsDefaults()
    {
        RunDocument source = await _api.SubmitAsync("""{"method":"lora","rank":4,"notes":"steps=2"}""");
        RunDocument fixedRate = await _api.SubmitAsync("""{"method":"lora","learningRate":0.003}""");

        RunDocument clone = await _api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(source.Id, "clone"), """{"method":"pissa"}""", HttpStatusCode.Created);
        RunDocument kept = await _api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(fixedRate.Id, "clone"), """{"method":"pissa"}""", HttpStatusCode.Created);
        RunDocument same = await _api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(source.Id, "clone"), expected: HttpStatusCode.Created);

        Assert.Equal(("pissa", 4, 5e-5, source.Id), (clone.Spec.Method, clone.Spec.Rank, clone.Spec.LearningRate, clone.ClonedFrom));
        Assert.Equal(0.003, kept.Spec.LearningRate);
        Assert.Equal((source.Spec.LearningRate, source.Notes), (same.Spec.LearningRate, same.Notes));
        await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Run(source.Id, "clone"), RunApi.Json("""{"rank":0}"""));
    }

    [Fact]
    public async Task Delete_WaitingRun_IsGone()
    {
        RunDocument run = await _api.SubmitAsync("{}");

        using HttpResponseMessage deleted = await _http.DeleteAsync(ApiRoutes.Run(run.Id));

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Run(run.Id));
    }

    [Fact]
    public async Task List_InPages_ShowsEveryRunOnceWhileNewOnesCome()
    {
        string tag = "paged-" + Guid.NewGuid().ToString("n")[..6];
        List<string> submitted = [];
        for (int i = 0; i < 5; i++)
        {
            submitted.Add((await _api.SubmitAsync($$"""{"tags":["{{tag}}"],"rank":{{i + 1}}}""")).Id);
        }

        RunList first = await ListAsync($"tag={tag}&limit=2&sort=-createdAt");
        await _api.SubmitAsync($$"""{"tags":["{{tag}}"]}""");
        RunList second = await ListAsync($"tag={tag}&limit=2&sort=-createdAt&cursor={first.NextCursor}");
        RunList third = await ListAsync($"tag={tag}&limit=2&sort=-createdAt&cursor={second.NextCursor}");

        Assert.Equal(Enumerable.Reverse(submitted), first.Items.Concat(second.Items).Concat(third.Items).Select(run => run.Id));
        Assert.Null(third.NextCursor);
        Assert.Equal(5, first.Total);
        Assert.Equal([1, 2, 3], (await ListAsync($"tag={tag}&limit=3&sort=rank")).Items.Select(run => run.Spec.Rank));
    }

    [Fact]
    public async Task List_Filters_KeepWhatMatches()
    {
        string word = Guid.NewGuid().ToString("n")[..8];
        RunDocument xs = await _api.SubmitAsync($$"""{"method":"lora-xs","name":"{{word}} one"}""");
        await _api.SubmitAsync($$"""{"method":"pissa","name":"{{word}} two"}""");

        Assert.Equal([xs.Id], (await ListAsync($"q={word}&method=lora-xs,lora-plus")).Items.Select(run => run.Id));
        Assert.Equal(2, (await ListAsync($"q={word}&state=queued,running")).Total);
        Assert.Equal(0, (await ListAsync($"q={word}&state=completed")).Total);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=many")]
    [InlineData("sort=colour")]
    [InlineData("state=sleeping")]
    [InlineData("cursor=abc")]
    public async Task List_BadQuery_IsRefused(string query) =>
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, $"{ApiRoutes.Runs}?{query}");

    [Fact]
    public async Task Compare_TwoRuns_ShowsOnlyWhatDiffers()
    {
        RunDocument a = await _api.SubmitAsync("""{"method":"lora","rank":8,"alpha":16,"methodOptions":{"init":"gaussian"}}""");
        RunDocument b = await _api.SubmitAsync("""{"method":"lora","rank":4,"alpha":16.0}""");

        CompareDocument document = await _api.ReadAsync<CompareDocument>($"{ApiRoutes.Compare}?runs={a.Id},{b.Id}");

        Assert.Equal([a.Id, b.Id], document.Rows.Select(row => row.RunId));
        Assert.Equal(["rank", "methodOptions.init"], document.Differences.Select(difference => difference.Field));
        Assert.Equal(("gaussian", null), ((string?)document.Differences[1].Values[a.Id], (string?)document.Differences[1].Values[b.Id]));
        Assert.Contains(document.Notes, note => note.Contains("toy", StringComparison.Ordinal));
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Compare);
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.Compare + "?runs=nope");
    }

    [Fact]
    public async Task Export_NamesWithSpecialCharacters_AreQuotedInCsvAndEscapedInTex()
    {
        RunDocument run = await _api.SubmitAsync("""{"name":"=1+1, \"50%\" α_1"}""");

        string csv = await _http.GetStringAsync($"{ApiRoutes.CompareExport}?format=csv&runs={run.Id}");
        string tex = await _http.GetStringAsync($"{ApiRoutes.CompareExport}?format=tex&runs={run.Id}");

        Assert.Contains("\"'=1+1, \"\"50%\"\" α_1\"", csv, StringComparison.Ordinal);
        Assert.Contains("50\\%", tex, StringComparison.Ordinal);
        Assert.Contains("$\\alpha$\\_1", tex, StringComparison.Ordinal);
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, $"{ApiRoutes.CompareExport}?format=exe&runs={run.Id}");
    }

    private Task<RunList> ListAsync(string query) => _api.ReadAsync<RunList>($"{ApiRoutes.Runs}?{query}");

    private async Task<(HttpStatusCode Status, string Body, Uri? Location)> SubmitWithKeyAsync(string key, string json)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.Runs) { Content = RunApi.Json(json) };
        request.Headers.Add("Idempotency-Key", key);
        using HttpResponseMessage response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Location);
    }
}
