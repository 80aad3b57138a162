using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>Runs of the scripted worker with predictions and fingerprints set by the test.</summary>
internal sealed class ScriptedRuns(RunApi api)
{
    /// <summary>Evaluation rows of every run.</summary>
    public const int Rows = 20;

    /// <summary>Submits a run with directives for the scripted worker.</summary>
    public Task<RunDocument> SubmitAsync(string words, string method = "lora", int seed = 42, Action<JsonObject>? change = null)
    {
        JsonObject spec = new()
        {
            ["name"] = $"{method}-{seed}",
            ["method"] = method,
            ["seed"] = seed,
            ["notes"] = $"steps=1 delay=0 rows={Rows} {words}",
        };
        change?.Invoke(spec);
        return api.SubmitAsync(spec.ToJsonString());
    }

    /// <summary>Submits a run and waits for its end.</summary>
    public async Task<RunDocument> RunAsync(string words, string method = "lora", int seed = 42, Action<JsonObject>? change = null) =>
        await api.WaitForEndAsync((await SubmitAsync(words, method, seed, change)).Id);

    public Task<CompareDocument> CompareAsync(params IEnumerable<RunDocument> runs) =>
        api.ReadAsync<CompareDocument>($"{ApiRoutes.Compare}?runs={string.Join(',', runs.Select(run => run.Id))}");
}
