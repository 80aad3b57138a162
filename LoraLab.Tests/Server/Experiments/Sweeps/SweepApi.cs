using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Sweep requests of tests.</summary>
internal sealed class SweepApi(RunApi api)
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(5);

    /// <summary>A sweep over the scripted worker's bowl, whose best rate is 1e-3.</summary>
    public static JsonObject Bowl(string words, params double[] rates) => new()
    {
        ["spec"] = new JsonObject { ["notes"] = $"bowl {words} rows=100", ["evalEvery"] = 5 },
        ["space"] = new JsonArray(
            new JsonObject { ["field"] = "learningRate", ["values"] = new JsonArray([.. rates.Select(rate => (JsonNode)rate)]) }),
    };

    public Task<SweepDocument> CreateAsync(JsonObject plan) =>
        api.SendAsync<SweepDocument>(HttpMethod.Post, ApiRoutes.Sweeps, plan.ToJsonString(), HttpStatusCode.Created);

    public Task<SweepPreview> PreviewAsync(JsonObject plan) =>
        api.SendAsync<SweepPreview>(HttpMethod.Post, ApiRoutes.Sweeps + "?dryRun=true", plan.ToJsonString());

    public Task<JsonObject> RefusedAsync(JsonObject plan, HttpStatusCode status = HttpStatusCode.BadRequest, string query = "") =>
        api.RefusedAsync(status, HttpMethod.Post, ApiRoutes.Sweeps + query, RunApi.Json(plan.ToJsonString()));

    public Task<SweepDocument> ActAsync(string id, string action) =>
        api.SendAsync<SweepDocument>(HttpMethod.Post, ApiRoutes.Sweep(id, action), expected: HttpStatusCode.Accepted);

    public Task<SweepDocument> GetAsync(string id) => api.ReadAsync<SweepDocument>(ApiRoutes.Sweep(id));

    public async Task<IReadOnlyList<RunDocument>> RunsAsync(string id) =>
        (await api.ReadAsync<SweepRuns>(ApiRoutes.Sweep(id, "runs"))).Items;

    public Task<SweepDocument> WaitForEndAsync(string id) =>
        WaitAsync(id, sweep => sweep.State is SweepState.Completed or SweepState.Failed or SweepState.Cancelled);

    public async Task<SweepDocument> WaitAsync(string id, Predicate<SweepDocument> until)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            SweepDocument sweep = await GetAsync(id);
            if (until(sweep))
            {
                return sweep;
            }

            Assert.True(waited.Elapsed < _timeout, $"Sweep {id} is {sweep.State} with {sweep.Counts} ({sweep.Error}).");
            await Polling.PauseAsync(waited);
        }
    }
}
