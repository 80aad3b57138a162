using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Study requests of tests.</summary>
internal static class StudyApi
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(240);

    /// <summary>
    /// Two methods with three rates each. The scripted worker's best rate is 0.002 for <c>lora</c>, inside its grid, and 0.016 for
    /// <c>pissa</c>, one step beyond its edge.
    /// </summary>
    public static string TwoMethods(string name, string words = "") => $$$"""
        {"name":"{{{name}}}","seeds":[1,2],"spec":{"rank":4},"methods":[
          {"method":"lora","spec":{"notes":"steps=2 delay=1 rows=20 best=0.002 {{{words}}}"},"grid":{"learningRate":[0.001,0.002,0.004]}},
          {"method":"pissa","spec":{"notes":"steps=2 delay=1 rows=20 best=0.016 {{{words}}}"},"grid":{"learningRate":[0.002,0.004,0.008]}}]}
        """;

    /// <summary>One of them: <c>lora</c> or <c>pissa</c>.</summary>
    public static string OneMethod(string name, string method, string words = "")
    {
        JsonObject study = JsonNode.Parse(TwoMethods(name, words))!.AsObject();
        study["methods"] = new JsonArray(study["methods"]!.AsArray().Single(arm => (string)arm!["method"]! == method)!.DeepClone());
        return study.ToJsonString();
    }

    public static Task<StudyDocument> CreateAsync(this RunApi api, string json) =>
        api.SendAsync<StudyDocument>(HttpMethod.Post, ApiRoutes.Studies, json, HttpStatusCode.Created);

    public static Task<StudyDocument> StudyAsync(this RunApi api, string id) => api.ReadAsync<StudyDocument>(ApiRoutes.Study(id));

    public static Task<StudyDocument> WaitForEndOfStudyAsync(this RunApi api, string id) =>
        api.WaitForStudyAsync(id, study => study.EndedAt is not null);

    public static async Task<StudyDocument> WaitForStudyAsync(
        this RunApi api, string id, Predicate<StudyDocument> until, TimeSpan? timeout = null)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            StudyDocument study = await api.StudyAsync(id);
            if (until(study))
            {
                return study;
            }

            string runs = string.Join(", ", study.Runs.Select(run => $"{run.Method} {run.Settings.ToJsonString()} {run.Seed} {run.State}"));
            Assert.True(
                waited.Elapsed < (timeout ?? _timeout),
                $"Study {id} is {study.State} ({study.Error}) after {waited.Elapsed.TotalSeconds:0} s: {runs}");
            await Polling.PauseAsync(waited);
        }
    }
}
