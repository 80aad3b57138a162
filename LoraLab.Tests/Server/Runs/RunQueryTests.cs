using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>The list of runs with the filter language, several sort keys and sparse documents; filters of bulk actions.</summary>
public sealed class RunQueryTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>, IAsyncLifetime
{
    private readonly RunApi _api = fixture.Api;
    private readonly string _tag = Guid.NewGuid().ToString("N")[..12];

    public async ValueTask InitializeAsync()
    {
        await PauseAsync(true);
        string[] specs = [.. Enumerable.Range(0, 12).Select(i =>
            $$"""{"notes":"steps=2","tags":["{{_tag}}"],"rank":{{2 + (i % 3)}},"seed":{{i}},"alpha":{{16 + (i / 6)}},"""
                + $"\"warmupSteps\":{i % 2}}}")];
        await _api.SendAsync<BatchResult>(
            HttpMethod.Post, ApiRoutes.RunsBatch, $$"""{"runs":[{{string.Join(',', specs)}}]}""", HttpStatusCode.Created);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.SendAsync<BulkResult>(HttpMethod.Post, ApiRoutes.RunsDelete, $$"""{"filter":{"tag":"{{_tag}}"} }""");
        await PauseAsync(false);
    }

    [Theory]
    [InlineData("rank = 3", "1 4 7 10")]
    [InlineData("rank in (2, 4) and seed < 6", "0 2 3 5")]
    [InlineData("not (seed >= 3 or warmupSteps = 1)", "0 2")]
    [InlineData("alpha > 16 and method = lora and accuracy = null and state = queued", "6 7 8 9 10 11")]
    [InlineData("eval/accuracy.best >= 0.9", "")]
    public async Task List_Filter_FindsWhatItSays(string filter, string seeds)
    {
        RunList list = await ListAsync($"filter={Uri.EscapeDataString(filter)}&sort=id");

        Assert.Equal(seeds, string.Join(' ', list.Items.Select(run => run.Spec.Seed)));
        Assert.Equal(list.Items.Count, list.Total);
    }

    [Fact]
    public async Task List_FinishedRun_IsFoundByItsResults()
    {
        string queued = (await _api.SubmitAsync($$"""{"notes":"steps=2","tags":["{{_tag}}x"],"priority":9}""")).Id;
        await PauseAsync(false);
        RunDocument ended = await _api.WaitForEndAsync(queued);
        string accuracy = CsvLines.Number(ended.Summary["eval/accuracy"]!.Last)!;

        RunList found = await FindAsync($"accuracy >= {accuracy} and state = completed and tag = {_tag}x and trainableParameters > 0");
        RunList none = await FindAsync($"accuracy > {accuracy} and tag = {_tag}x");

        Assert.Equal([ended.Id], found.Items.Select(run => run.Id));
        Assert.Empty(none.Items);
    }

    [Theory]
    [InlineData("alpha,-rank,seed", "2 5 1 4 0 3 8 11 7 10 6 9")]
    [InlineData("-warmupSteps,-seed", "11 9 7 5 3 1 10 8 6 4 2 0")]
    [InlineData("eval/accuracy,-alpha", "6 7 8 9 10 11 0 1 2 3 4 5")]
    [InlineData("-alpha", "11 10 9 8 7 6 5 4 3 2 1 0")]
    public async Task List_SeveralKeys_OrderAndPageByAllOfThem(string sort, string seeds)
    {
        List<long> found = [];
        string? cursor = null;
        do
        {
            RunList page = await ListAsync(
                $"sort={sort}&limit=5&filter={Uri.EscapeDataString("rank > 0")}" + (cursor is null ? "" : $"&cursor={cursor}"));
            found.AddRange(page.Items.Select(run => run.Spec.Seed));
            Assert.Equal(12, page.Total);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(seeds, string.Join(' ', found));
    }

    [Fact]
    public async Task List_Fields_HaveTheChosenMembersOnly()
    {
        JsonObject list = await _api.ReadAsync<JsonObject>(
            $"{ApiRoutes.Runs}?tag={_tag}&limit=1&sort=id&fields=name,spec.rank,spec.seed,summary.eval/accuracy,progress.step,studyId");

        JsonObject run = list["items"]![0]!.AsObject();
        Assert.Equal(["id", "name", "spec", "summary", "progress", "studyId"], run.Select(member => member.Key));
        Assert.Equal("""{"rank":2,"seed":0}""", run["spec"]!.ToJsonString());
        Assert.Equal("""{"eval/accuracy":null}""", run["summary"]!.ToJsonString());
        Assert.Equal("""{"step":0}""", run["progress"]!.ToJsonString());
        Assert.Equal(12, (int)list["total"]!);
        Assert.NotNull((string?)list["nextCursor"]);
    }

    [Theory]
    [InlineData("filter=rnak%20%3D%208", "filter", "At character 1: there is no field 'rnak'")]
    [InlineData("filter=rank%20%3D%20x", "filter", "At character 8: rank is a number")]
    [InlineData("filter=name%20%3D%20%22x", "filter", "At character 8: the text that begins here")]
    [InlineData("sort=rank,colour", "sort", "cannot be sorted by 'colour'")]
    [InlineData("sort=rank,-rank", "sort", "not sorted twice by 'rank'")]
    [InlineData("sort=rank,", "sort", "cannot be sorted by ''")]
    [InlineData("fields=id,nmae", "fields", "no member 'nmae'")]
    [InlineData("fields=spec.rnak", "fields", "no member 'spec.rnak'")]
    [InlineData("fields=attempts.number", "fields", "Parts of attempts cannot be chosen")]
    public async Task List_Wrong_IsRefusedWithThePlace(string query, string field, string expected)
    {
        JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, $"{ApiRoutes.Runs}?{query}");

        Assert.Contains(expected, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.NotNull(problem["errors"]![field]);
    }

    [Fact]
    public async Task List_CursorOfAnotherOrder_IsRefused()
    {
        string cursor = (await ListAsync("sort=rank,seed&limit=1")).NextCursor!;

        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, $"{ApiRoutes.Runs}?sort=rank&cursor={cursor}");
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, $"{ApiRoutes.Runs}?sort=seed,rank&cursor={cursor}");
    }

    [Fact]
    public async Task Bulk_FilterAsText_ActsOnWhatItMatches()
    {
        BulkResult cancelled = await _api.SendAsync<BulkResult>(
            HttpMethod.Post, ApiRoutes.RunsCancel, $$"""{"filter":"tag = {{_tag}} and rank = 4 and seed > 5"}""", HttpStatusCode.Accepted);
        BulkResult deleted = await _api.SendAsync<BulkResult>(
            HttpMethod.Post, ApiRoutes.RunsDelete, $$"""{"filter":{"tag":"{{_tag}}","filter":"state = cancelled or seed = 0"} }""");

        Assert.Equal((2, 3), (cancelled.Total, deleted.Total));
        Assert.Equal(9, (await ListAsync("")).Total);
        JsonObject wrong = await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.RunsDelete, RunApi.Json("""{"filter":"rank = 4 or"}"""));
        Assert.Contains("At character 12", (string)wrong["detail"]!, StringComparison.Ordinal);
        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.RunsDelete, RunApi.Json("""{"filter":" "}"""));
    }

    private Task<RunList> ListAsync(string query) => _api.ReadAsync<RunList>($"{ApiRoutes.Runs}?tag={_tag}&{query}");

    private Task<RunList> FindAsync(string filter) => _api.ReadAsync<RunList>($"{ApiRoutes.Runs}?filter={Uri.EscapeDataString(filter)}");

    private Task<QueueDocument> PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, paused ? """{"paused":true}""" : """{"paused":false}""");
}
