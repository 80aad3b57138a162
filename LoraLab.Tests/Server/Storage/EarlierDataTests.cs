using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Server.Experiments.Studies;
using LoraLab.Tests.Server.Experiments.Sweeps;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Peft;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>Data of version 0.1 is opened and continued: with its database, and from the files alone.</summary>
public sealed class EarlierDataTests
{
    /// <summary>On another processor, kernels sum in another order; the effect in fp16 after 24 steps stays below this.</summary>
    private const double OtherProcessor = 0.02;

    /// <summary>Members of studies and sweeps that the server derives for each response, numbers and texts.</summary>
    private static readonly string[] _derived = ["warnings", "claims", "tables", "figures", "best"];

    /// <summary>Texts among them.</summary>
    private static readonly string[] _wording =
    [
        "warnings", "statement", "reading", "quantity", "margin", "minimumEvidence", "label", "note", "title", "caption", "columns", "text",
        "notes", "missing", "sentence",
    ];

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(false)]
    public async Task Start_DataDirectoryOfVersion01_ShowsAllOfItAndResumesToTheSameNumbers(bool hasDatabase)
    {
        using EarlierData earlier = new(hasDatabase);
        await using ServerProcess server = await ServerProcess.StartAsync(new ServerSetup { DataDirectory = earlier.Path });
        RunApi api = new(server.Http);

        await AssertAllIsThereAsync(earlier, api);
        // A replay is the answer of the version that gave it, so the document of this one does not describe it.
        using HttpClient plain = new() { BaseAddress = server.Address };
        await AssertAnswersStandAsync(earlier, plain);
        await api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":false}""");

        await AssertUndisturbedAsync(earlier, api, await api.WaitForEndAsync(earlier.Interrupted, _patience));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public Task Start_DataDirectoryOfVersion01WithItsDatabase_ShowsAllOfItAndResumesToTheSameNumbers() =>
        Start_DataDirectoryOfVersion01_ShowsAllOfItAndResumesToTheSameNumbers(hasDatabase: true);

    [Fact]
    [Trait("Category", "Long")]
    public async Task Start_DataDirectoryOfVersion01_QueueStudyAndSweepGoOnToTheirEnds()
    {
        using EarlierData earlier = new(hasDatabase: false);
        await using ServerProcess server = await ServerProcess.StartAsync(new ServerSetup { DataDirectory = earlier.Path });
        RunApi api = new(server.Http);

        await api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":false}""");
        StudyDocument study = await api.WaitForEndOfStudyAsync(earlier.Listed<StudyDocument>("studies")[0].Id);
        SweepDocument sweep = await new SweepApi(api).WaitForEndAsync(earlier.Listed<SweepDocument>("sweeps")[0].Id);

        Assert.Equal((StudyState.Completed, SweepState.Completed, 3), (study.State, sweep.State, sweep.Counts.Completed));
        foreach (RunDocument run in earlier.Listed<RunDocument>("runs"))
        {
            Assert.Equal((run.Id, RunState.Completed), (run.Id, (await api.WaitForEndAsync(run.Id, _patience)).State));
        }
    }

    private static async Task AssertAllIsThereAsync(EarlierData earlier, RunApi api)
    {
        IReadOnlyList<RunDocument> there = (await api.ReadAsync<RunList>(ApiRoutes.Runs + "?limit=500&sort=id")).Items;
        IReadOnlyList<RunDocument> told = earlier.Listed<RunDocument>("runs");
        Assert.Equal(told.Select(run => run.Id), there.Select(run => run.Id));
        foreach ((RunDocument before, RunDocument now) in told.Zip(there).Where(run => run.First.Id != earlier.Interrupted))
        {
            // Queue positions are compared through the queue.
            AssertSame(before with { QueuePosition = null }, now with { QueuePosition = null });
        }

        // Its server and worker died: it precedes the queued runs, which keep their order.
        RunDocument interrupted = there.Single(run => run.Id == earlier.Interrupted);
        Assert.Equal((RunState.Queued, 2, true), (interrupted.State, interrupted.Attempts.Count, interrupted.Attempts[1].Lost));
        QueueDocument queue = await api.ReadAsync<QueueDocument>(ApiRoutes.Queue);
        Assert.True(queue.Paused);
        Assert.Equal(
            [
                earlier.Interrupted,
                .. told.Where(run => run.State == RunState.Queued).OrderBy(run => run.QueuePosition).Select(run => run.Id),
            ],
            queue.Queued.Select(run => run.Id));

        foreach ((string id, IReadOnlyDictionary<string, MetricSeries> series) in earlier.Metrics)
        {
            AssertSame(series, (await api.MetricsAsync(id)).Series);
        }

        foreach ((StudyDocument study, JsonNode written) in earlier.Listed<StudyDocument>("studies").Zip(earlier.ListedJson("studies")))
        {
            StudyDocument found = await api.StudyAsync(study.Id);
            AssertSame(WithoutAdditions(WithoutWording(study)), WithoutAdditions(WithoutWording(found)));
            Assert.Equal(
                written["runs"]!.AsArray().Select(run => ((double?)run!["accuracy"], (double?)run["macroF1"])),
                found.Runs.Select(run => (run.Accuracy, run.MacroF1)));
        }

        foreach (SweepDocument sweep in earlier.Listed<SweepDocument>("sweeps"))
        {
            AssertSame(WithoutWording(sweep), WithoutWording(await new SweepApi(api).GetAsync(sweep.Id)));
        }
    }

    private static async Task AssertAnswersStandAsync(EarlierData earlier, HttpClient http)
    {
        foreach ((string path, string key, string body, string id) in earlier.Answers)
        {
            using HttpRequestMessage again = new(HttpMethod.Post, ApiRoutes.Base + path) { Content = RunApi.Json(body) };
            again.Headers.Add("Idempotency-Key", key);
            using HttpResponseMessage response = await http.SendAsync(again);
            string answer = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.Created, answer);
            Assert.Equal((key, id), (key, (string?)JsonNode.Parse(answer)!["id"]));
            Assert.True(response.Headers.Contains("Idempotency-Replayed"), key);
        }
    }

    /// <summary>The run that was stopped once and lost once has the results that version 0.1 computed without an interruption.</summary>
    private static async Task AssertUndisturbedAsync(EarlierData earlier, RunApi api, RunDocument run)
    {
        JsonObject expected = earlier.Undisturbed;
        Assert.Equal((RunState.Completed, 3, (int)expected["totalSteps"]!), (run.State, run.Attempts.Count, run.Progress.Step));
        Assert.True(run.Attempts[2].ResumedFrom >= run.Attempts[1].CheckpointStep, "It started before its checkpoint.");
        bool same = run.Attempts[2].Environment!.DeviceName == (string)expected["deviceName"]!;
        IReadOnlyDictionary<string, MetricSeries> found = (await api.MetricsAsync(run.Id)).Series;
        foreach ((string key, MetricSeries series) in EarlierData.Read<Dictionary<string, MetricSeries>>(expected["series"]))
        {
            Assert.Equal(series.X, found[key].X);
            Assert.All(series.Y.Zip(found[key].Y), point => Assert.Equal(point.First ?? double.NaN, point.Second ?? double.NaN, same
                ? 0
                : OtherProcessor * Math.Max(1, Math.Abs(point.First ?? 0))));
        }

        string folder = Path.Combine(earlier.Path, "runs", run.Id);
        string predictions = await File.ReadAllTextAsync(Path.Combine(folder, RunFiles.PredictionsAt(run.Progress.TotalSteps)));
        string adapter = Convert.ToHexStringLower(
            SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, RunFiles.Adapter, PeftFiles.Weights))));
        if (same)
        {
            Assert.Equal((string)expected["predictions"]!, predictions);
            Assert.Equal((string)expected["adapterSha256"]!, adapter);
        }
        else
        {
            Assert.Equal(Scores((string)expected["predictions"]!), Scores(predictions), (one, other) =>
                Math.Abs(one - other) < OtherProcessor);
        }
    }

    private static IEnumerable<double> Scores(string predictions) =>
        predictions.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).SelectMany(line => line.Split(',').Skip(3))
            .Select(cell => double.Parse(cell, CultureInfo.InvariantCulture));

    /// <summary>The document with a placeholder for each text that the server derives from it, in this version's words.</summary>
    private static JsonNode WithoutWording<T>(T document)
    {
        JsonObject whole = JsonSerializer.SerializeToNode(document, ContractJson.Options)!.AsObject();
        foreach (string derived in _derived.Where(whole.ContainsKey))
        {
            whole[derived] = WithoutWording(whole[derived], derived);
        }

        return whole;
    }

    /// <summary>
    /// The document of a study without members of its runs that version 0.1 did not have: the extension, the result by the metric of the
    /// task, and all metrics but two, which were members of their own.
    /// </summary>
    private static JsonNode WithoutAdditions(JsonNode study)
    {
        foreach (JsonNode? run in study["runs"]!.AsArray())
        {
            new[] { "extension", "metrics", "accuracy", "macroF1", "result" }.ToList().ForEach(member => run!.AsObject().Remove(member));
        }

        return study;
    }

    private static JsonNode? WithoutWording(JsonNode? node, string name) => node switch
    {
        JsonObject members => new JsonObject(
            members.Select(member => KeyValuePair.Create(member.Key, WithoutWording(member.Value, member.Key)))),
        JsonArray items => new JsonArray([.. items.Select(item => WithoutWording(item, name))]),
        not null when _wording.Contains(name) => "...",
        _ => node?.DeepClone(),
    };

    /// <summary>The same values; the notation of numbers may differ.</summary>
    private static void AssertSame<T>(T expected, T actual)
    {
        (string one, string other) =
            (JsonSerializer.Serialize(expected, ContractJson.Options), JsonSerializer.Serialize(actual, ContractJson.Options));
        if (!JsonNode.DeepEquals(JsonNode.Parse(one), JsonNode.Parse(other)))
        {
            Assert.Equal(one, other);
        }
    }
}
