using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs.Views;

/// <summary>Saved views through the API: saved, listed, changed, deleted, and there after a restart.</summary>
public sealed class ViewTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly RunApi _api = fixture.Api;

    [Fact]
    public async Task View_SavedChangedAndDeleted_IsListedMeanwhile()
    {
        SavedView saved = await CreateAsync(
            """{"name":" Ranks ","query":"?group=1&filter=rank+%3D+8&cols=name,rank","note":"**why**","charts":["eval/accuracy"]}""");

        Assert.Equal(("Ranks", "filter=rank%20%3D%208&cols=name,rank&group=1", "**why**"), (saved.Name, saved.Query, saved.Note));
        Assert.Equivalent(saved, await _api.ReadAsync<SavedView>(ApiRoutes.View(saved.Id)));
        Assert.Contains((await _api.ReadAsync<SavedViewList>(ApiRoutes.Views)).Items, view => view.Id == saved.Id);

        SavedView changed = await _api.SendAsync<SavedView>(
            HttpMethod.Patch, ApiRoutes.View(saved.Id), """{"name":"All ranks","note":null}""");
        Assert.Equivalent(saved with { Name = "All ranks", Note = null, UpdatedAt = changed.UpdatedAt }, changed);
        Assert.True(changed.UpdatedAt > saved.UpdatedAt);

        using HttpResponseMessage deleted = await _api.Http.DeleteAsync(ApiRoutes.View(saved.Id));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await _api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, ApiRoutes.View(saved.Id));
        Assert.DoesNotContain((await _api.ReadAsync<SavedViewList>(ApiRoutes.Views)).Items, view => view.Id == saved.Id);
    }

    [Fact]
    public async Task View_SameName_IsRefusedAndNamed()
    {
        SavedView one = await CreateAsync("""{"name":"Costs"}""");
        SavedView other = await CreateAsync("""{"name":"Rates"}""");

        JsonObject created = await _api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Views, RunApi.Json("""{"name":"costs"}"""));
        await _api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Patch, ApiRoutes.View(other.Id), RunApi.Json("""{"name":"Costs"}"""));
        await _api.SendAsync<SavedView>(HttpMethod.Patch, ApiRoutes.View(one.Id), """{"name":"COSTS"}""");

        Assert.Contains("'costs'", (string)created["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"query":"group=1"}""", "name", "name is empty")]
    [InlineData("""{"name":" "}""", "name", "name is empty")]
    [InlineData("""{"name":"a","query":"color=red"}""", "query", "no parameter 'color'")]
    [InlineData("""{"name":"a","query":"filter=rnak%3D8"}""", "query", "there is no field 'rnak'")]
    [InlineData("""{"name":"a","query":"sort=colour"}""", "query", "cannot be sorted by 'colour'")]
    [InlineData("""{"name":"a","charts":["eval/none"]}""", "charts", "There is no metric 'eval/none'")]
    public async Task View_Wrong_IsRefusedWithTheField(string body, string field, string expected)
    {
        JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Views, RunApi.Json(body));

        Assert.Contains(expected, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.NotNull(problem["errors"]![field]);
    }

    private Task<SavedView> CreateAsync(string body) =>
        _api.SendAsync<SavedView>(HttpMethod.Post, ApiRoutes.Views, body, HttpStatusCode.Created);
}
