using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Experiments.Sweeps;
using LoraLab.Tests.Support;
using Xunit;
using Xunit.Sdk;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>
/// Every route in the OpenAPI document, with requests generated from its schema: valid, at its bounds and just beyond, and bad in other
/// ways. Every response must be one that the document describes, and none may be a failure; HEAD is answered like GET. The real trainer
/// validates specifications, so it is tested too: a request that killed it would return 503.
/// </summary>
public sealed class BadRequestTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int AtOnce = 4;
    private static readonly int _cases = LongForm.Choose(100, 2000);

    private ServerProcess _server = null!;
    private RunApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.StartAsync(
            new ServerSetup { Environment = new Dictionary<string, string> { ["LoraLab__Limits__QueuedRuns"] = "40" } });
        _api = new RunApi(_server.Http);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Trait("Category", "Long")]
    public async Task Requests_MadeFromTheSchema_AreAnsweredAsTheDocumentSaysAndNeverFailTheServer()
    {
        IReadOnlyList<DescribedRoute> routes = DescribedRoute.Read(JsonNode.Parse(await _server.Http.GetStringAsync("/openapi/v1.json"))!);
        Assert.True(routes.Count >= 20, $"Only {routes.Count} routes are described.");
        (KnownThings all, KnownThings ended) = await PrepareAsync();
        ConcurrentQueue<string> failures = new();
        ConcurrentDictionary<int, int> statuses = new();
        // Bulk actions last: a filter may match the runs that the other routes need.
        foreach (DescribedRoute route in routes.OrderBy(route => route.Path.Contains(':', StringComparison.Ordinal)))
        {
            if (route.Path == ApiRoutes.RunsDelete)
            {
                // The server still works.
                Assert.Equal(RunState.Completed, (await _api.GetAsync(ended.Runs[0])).State);
            }

            Stopwatch taken = Stopwatch.StartNew();
            // The event stream of an active run does not end.
            KnownThings known = route.Path.EndsWith("/events", StringComparison.Ordinal) ? ended : all;
            await Parallel.ForEachAsync(
                Enumerable.Range(0, _cases), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, stop) =>
                {
                    BadRequest bad = new(route, number, known);
                    using HttpRequestMessage request = bad.Make();
                    try
                    {
                        using HttpResponseMessage response = await _server.Http.SendAsync(request, stop);
                        string body = await response.Content.ReadAsStringAsync(stop);
                        statuses.AddOrUpdate((int)response.StatusCode, 1, (_, count) => count + 1);
                        if ((WhatIsWrong(response, body) ?? await HeadAsync(route, number, known, response)) is { } wrong)
                        {
                            failures.Enqueue($"{wrong} from {bad} => {(int)response.StatusCode} {body[..Math.Min(body.Length, 300)]}");
                        }
                    }
                    catch (XunitException wrong)
                    {
                        failures.Enqueue($"{wrong.Message} from {bad}");
                    }
                });
            output.WriteLine($"{taken.ElapsedMilliseconds,7} ms {route.Name}");
            if (route.Path == ApiRoutes.Queue)
            {
                await PauseAsync();
            }
        }

        int sent = routes.Count * _cases;
        int refused = statuses.Where(pair => pair.Key >= 400).Sum(pair => pair.Value);
        output.WriteLine($"{sent} requests to {routes.Count} routes, {refused} refused: "
            + $"{string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}"))}");
        string output4000 = _server.Output[^Math.Min(_server.Output.Length, 4000)..];
        Assert.True(failures.IsEmpty, string.Join(Environment.NewLine, [$"{failures.Count} of {sent}:", .. failures.Take(25), output4000]));
        Assert.True(refused > sent / 3, $"Only {refused} of {sent} requests were bad enough.");
        await _api.SendAsync<DryRunResult>(HttpMethod.Post, ApiRoutes.Runs + "?dryRun=true", MicroSpec.For("lora").ToJsonString());
    }

    /// <summary>A completed, a cancelled and a queued run, and a sweep and a study that ended.</summary>
    private async Task<(KnownThings All, KnownThings Ended)> PrepareAsync()
    {
        JsonObject spec = MicroSpec.For("lora");
        RunDocument completed = await _api.WaitForEndAsync((await _api.SubmitAsync(spec.ToJsonString())).Id);
        JsonObject shared = MicroSpec.For("lora");
        foreach (string field in (string[])["model", "dataset", "method"])
        {
            shared.Remove(field);
        }

        SweepApi sweeps = new(_api);
        SweepDocument sweep = await sweeps.WaitForEndAsync((await sweeps.CreateAsync(new JsonObject
        {
            ["spec"] = shared.DeepClone(),
            ["space"] = new JsonArray(new JsonObject { ["field"] = "rank", ["values"] = new JsonArray(2, 4) }),
        })).Id);
        StudyDocument study = await _api.SendAsync<StudyDocument>(
            HttpMethod.Post,
            ApiRoutes.Studies,
            new JsonObject
            {
                ["model"] = "sample",
                ["dataset"] = "sample",
                ["seeds"] = new JsonArray(1),
                ["selection"] = "none",
                ["methods"] = new JsonArray(new JsonObject { ["method"] = "lora" }),
                ["spec"] = shared,
            }.ToJsonString(),
            HttpStatusCode.Created);
        while ((await _api.ReadAsync<StudyDocument>(ApiRoutes.Study(study.Id))).State == StudyState.Running)
        {
            await Task.Delay(50);
        }

        await PauseAsync();
        RunDocument cancelled = await _api.SubmitAsync(spec.ToJsonString());
        await _api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(cancelled.Id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument waiting = await _api.SubmitAsync(spec.ToJsonString());
        KnownThings ended = new([completed.Id], [sweep.Id], [study.Id]);
        return (ended with { Runs = [completed.Id, cancelled.Id, waiting.Id] }, ended);
    }

    /// <summary>What is wrong about the response to the same request as HEAD; null: nothing, or it is not a GET.</summary>
    private async Task<string?> HeadAsync(DescribedRoute route, int number, KnownThings known, HttpResponseMessage get)
    {
        if (route.Method != HttpMethod.Get || number % 5 > 0)
        {
            return null;
        }

        using HttpRequestMessage request = new BadRequest(route, number, known).Make(HttpMethod.Head);
        using HttpResponseMessage head = await _server.Http.SendAsync(request);
        return head.StatusCode == get.StatusCode && Equals(head.Content.Headers.ContentType, get.Content.Headers.ContentType) ? null
            : $"HEAD: {(int)head.StatusCode} {head.Content.Headers.ContentType}";
    }

    private Task PauseAsync() => _api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");

    private static string? WhatIsWrong(HttpResponseMessage response, string body)
    {
        if ((int)response.StatusCode >= 500)
        {
            return "A failure";
        }

        if ((int)response.StatusCode < 400)
        {
            return null;
        }

        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return "No problem document";
        }

        try
        {
            JsonNode problem = JsonNode.Parse(body)!;
            return string.IsNullOrEmpty((string?)problem["detail"]) || string.IsNullOrEmpty((string?)problem["code"])
                || (int?)problem["status"] != (int)response.StatusCode ? "An empty problem"
                : body.Contains("   at ", StringComparison.Ordinal)
                    || body.Contains("System.", StringComparison.Ordinal) ? "An exception's words"
                : null;
        }
        catch (JsonException)
        {
            return "Unreadable JSON";
        }
    }
}
