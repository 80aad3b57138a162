using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>The rows of a table of runs: any part of it, groups over all matching runs, and the baseline.</summary>
public sealed class RunGroupTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>, IAsyncLifetime
{
    private readonly RunApi _api = fixture.Api;
    private readonly string _tag = Guid.NewGuid().ToString("N")[..12];
    private IReadOnlyList<string> _ids = [];

    public async ValueTask InitializeAsync()
    {
        await PauseAsync(true);
        string[] specs = [.. Enumerable.Range(0, 9).Select(i =>
            $$"""{"notes":"steps={{2 + (i / 3)}}","tags":["{{_tag}}"],"rank":{{2 + (i % 3)}},"seed":{{i / 3}} }""")];
        BatchResult queued = await _api.SendAsync<BatchResult>(
            HttpMethod.Post, ApiRoutes.RunsBatch, $$"""{"runs":[{{string.Join(',', specs)}}]}""", HttpStatusCode.Created);
        _ids = [.. queued.Items.Select(run => run.Id)];
    }

    public async ValueTask DisposeAsync()
    {
        await _api.SendAsync<BulkResult>(HttpMethod.Post, ApiRoutes.RunsDelete, $$"""{"filter":{"tag":"{{_tag}}"} }""");
        await PauseAsync(false);
    }

    [Fact]
    public async Task Groups_None_AreAnyPartOfTheList()
    {
        RunGroupList part = await ListAsync("sort=seed,rank&offset=4&limit=3");

        Assert.Equal((9, 9, 3), (part.Total, part.Runs, part.Items.Count));
        Assert.Equal([(3, 1), (4, 1), (2, 2)], part.Items.Select(group => (group.First.Spec.Rank, (int)group.First.Spec.Seed)));
        Assert.All(part.Items, group => Assert.Equal([group.First.Id], group.Ids));
        Assert.All(part.Items, group => Assert.NotNull(group.First.QueuePosition));
        Assert.Equal([_tag], part.Tags);
        Assert.Contains("eval/accuracy", part.Metrics);
        Assert.Equal(new RunData("sample", EvalSplit.Dev, 9), Assert.Single(part.Data));
    }

    [Fact]
    public async Task Groups_BySeeds_SayInWhatTheirRunsDiffer()
    {
        RunGroupList list = await ListAsync("by=seeds&sort=rank&limit=2");

        Assert.Equal((3, 9, 2), (list.Total, list.Runs, list.Items.Count));
        Assert.All(list.Items, group => Assert.Equal((3, 3), (group.Count, group.Ids.Count)));
        RunGroup first = list.Items[0];
        Assert.Equal("[0,1,2]", new JsonArray([.. first.Differing["seed"].Values.Select(value => value!.DeepClone())]).ToJsonString());
        Assert.DoesNotContain("rank", first.Differing.Keys);
        Assert.DoesNotContain("dataset", first.Differing.Keys);
    }

    [Fact]
    public async Task Groups_Finished_HaveStatisticsOverAllTheirRuns()
    {
        await PauseAsync(false);
        double[] values = [.. (await Task.WhenAll(_ids.Where((_, i) => i % 3 == 1).Select(id => _api.WaitForEndAsync(id))))
            .Select(run => run.Summary["eval/accuracy"]!.Last!.Value)];
        foreach (string id in _ids)
        {
            await _api.WaitForEndAsync(id);
        }

        RunGroupList list = await ListAsync("by=seeds&sort=-eval/accuracy,rank");

        RunGroup group = list.Items.Single(group => group.First.Spec.Rank == 3);
        RunGroupResult accuracy = group.Results["eval/accuracy"];
        double mean = values.Average();
        Assert.Equal((3, mean), (accuracy.N, accuracy.Mean), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-12);
        Assert.Equal(Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / 2), accuracy.Deviation!.Value, 1e-12);
        Assert.Equal(3, group.Results["eval/accuracy.best"].N);
        double[] means = [.. list.Items.Select(group => group.Results["eval/accuracy"].Mean)];
        Assert.Equal(means.OrderDescending(), means);
    }

    [Fact]
    public async Task Groups_Baseline_IsShownEvenIfItDoesNotMatch()
    {
        RunGroupList filtered = await ListAsync($"by=seeds&filter={Uri.EscapeDataString("rank = 2")}&baseline={_ids[1]}");
        RunGroupList grouped = await ListAsync($"by=seeds&limit=1&baseline={_ids[1]}");
        RunGroupList none = await ListAsync("baseline=nothing");

        Assert.Equal((_ids[1], 1), (filtered.Baseline!.First.Id, filtered.Baseline.Count));
        Assert.Equal(3, grouped.Baseline!.Count);
        Assert.Contains(_ids[1], grouped.Baseline.Ids);
        Assert.Null(none.Baseline);
    }

    [Fact]
    public async Task Groups_Pinned_ComeApartInTheirOwnOrder()
    {
        RunGroupList list = await ListAsync(
            $"sort=seed,rank&limit=2&filter={Uri.EscapeDataString("seed = 0")}&pinned={_ids[8]},{_ids[0]},{_ids[8]},nothing");

        Assert.Equal([_ids[8], _ids[0]], list.Pinned.Select(group => group.First.Id));
        Assert.Equal([_ids[1], _ids[2]], list.Items.Select(group => group.First.Id));
        Assert.Equal((2, 3), (list.Total, list.Runs));
    }

    [Theory]
    [InlineData("by=rank", "by", "not grouped by 'rank'")]
    [InlineData("offset=-1", "offset", "must not be negative")]
    [InlineData("limit=0", "limit", "between 1 and 500")]
    [InlineData("sort=colour", "sort", "cannot be sorted by 'colour'")]
    [InlineData("filter=rnak%20%3D%208", "filter", "there is no field 'rnak'")]
    public async Task Groups_Wrong_AreRefusedWithTheParameter(string query, string field, string expected)
    {
        JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, $"{ApiRoutes.RunGroups}?{query}");

        Assert.Contains(expected, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.NotNull(problem["errors"]![field]);
    }

    private Task<RunGroupList> ListAsync(string query) => _api.ReadAsync<RunGroupList>($"{ApiRoutes.RunGroups}?tag={_tag}&{query}");

    private Task<QueueDocument> PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, paused ? """{"paused":true}""" : """{"paused":false}""");
}
