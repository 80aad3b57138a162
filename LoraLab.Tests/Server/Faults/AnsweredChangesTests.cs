using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>
/// Every acknowledged change is also in the files beside the database: a server is killed during edits, submissions, deletions and
/// pauses, its database is removed, and the next server knows every acknowledged change. <c>LORALAB_FAULTS=full</c> repeats it twenty
/// times.
/// </summary>
[Collection(nameof(Faults))]
public sealed class AnsweredChangesTests(ITestOutputHelper output)
{
    private const int Few = 2;
    private const int Edited = 3;

    [Fact]
    [Trait("Category", "Long")]
    public async Task Server_KilledAmongChangesAndWithoutItsDatabase_KnowsAllThatWasAnswered()
    {
        int seed = Environment.TickCount & 0xffff;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        int answered = 0;
        int times = FaultCount.Of(Few);
        for (int i = 0; i < times; i++)
        {
            using TemporaryFolder data = new();
            ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
            Answers answers = new();
            await using (ServerProcess first = await ServerProcess.StartAsync(setup))
            {
                answered += await ChangeUntilKilledAsync(first, answers, random.Next(20, 80));
            }

            foreach (string file in Directory.GetFiles(data.Path, "loralab*.db"))
            {
                File.Delete(file);
            }

            await using ServerProcess second = await ServerProcess.StartAsync(setup);
            await AssertKnownAsync(second, answers);
        }

        output.WriteLine($"FAULTS answered changes: {times} kills among {answered} answered changes, none lost");
        Assert.True(answered >= 20 * times, "The kills came too early.");
    }

    private static async Task<int> ChangeUntilKilledAsync(ServerProcess server, Answers answers, int changes)
    {
        RunApi api = new(server.Http);
        await api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");
        string[] edited =
            [.. await Task.WhenAll(Enumerable.Range(0, Edited).Select(async _ => (await api.SubmitAsync("""{"name":"0"}""")).Id))];
        List<Task<int>> clients =
        [
            .. edited.Select(id => RepeatAsync(async i =>
            {
                await SendAsync(server, HttpMethod.Patch, ApiRoutes.Run(id), $$"""{"name":"{{i}}"}""", null);
                answers.Names[id] = i;
                answers.Add();
            })),
            RepeatAsync(async i =>
            {
                JsonNode run = await SendAsync(server, HttpMethod.Post, ApiRoutes.Runs, """{"name":"once"}""", Key(i));
                answers.Submitted[Key(i)] = (string)run["id"]!;
                answers.Add();
            }),
            RepeatAsync(async _ =>
            {
                string id = (string)(await SendAsync(server, HttpMethod.Post, ApiRoutes.Runs, """{"name":"goes"}""", null))["id"]!;
                await SendAsync(server, HttpMethod.Delete, ApiRoutes.Run(id), null, null);
                answers.Deleted.Add(id);
                answers.Add();
            }),
        ];
        while (answers.Count < changes)
        {
            await Task.Delay(1);
        }

        await server.KillAsync();
        return (await Task.WhenAll(clients)).Sum();
    }

    private static async Task AssertKnownAsync(ServerProcess server, Answers answers)
    {
        RunApi api = new(server.Http);
        Assert.True((await api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Paused);
        HashSet<string> there = [.. (await api.ReadAsync<RunList>(ApiRoutes.Runs + "?limit=500")).Items.Select(run => run.Id)];
        foreach ((string id, int last) in answers.Names)
        {
            Assert.InRange(int.Parse((await api.GetAsync(id)).Name, CultureInfo.InvariantCulture), last, last + 1);
        }

        foreach ((string key, string id) in answers.Submitted)
        {
            JsonNode again = await SendAsync(server, HttpMethod.Post, ApiRoutes.Runs, """{"name":"once"}""", key);
            Assert.Equal((id, true), ((string?)again["id"], there.Contains(id)));
        }

        Assert.All(answers.Deleted, id => Assert.DoesNotContain(id, there));
    }

    /// <summary>Number of responses before the server was killed.</summary>
    private static async Task<int> RepeatAsync(Func<int, Task> ask)
    {
        for (int i = 1; ; i++)
        {
            try
            {
                await ask(i);
            }
            catch (Exception gone) when (gone is HttpRequestException or IOException)
            {
                return i - 1;
            }
        }
    }

    private static async Task<JsonNode> SendAsync(ServerProcess server, HttpMethod method, string url, string? json, string? key)
    {
        using HttpRequestMessage request = new(method, url) { Content = json is null ? null : RunApi.Json(json) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using HttpResponseMessage response = await server.Http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent, body);
        return body.Length == 0 ? new JsonObject() : JsonNode.Parse(body)!;
    }

    private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key {i}");

    /// <summary>The responses that clients received.</summary>
    private sealed class Answers
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public ConcurrentDictionary<string, int> Names { get; } = [];

        public ConcurrentDictionary<string, string> Submitted { get; } = [];

        public ConcurrentBag<string> Deleted { get; } = [];

        public void Add() => Interlocked.Increment(ref _count);
    }
}
