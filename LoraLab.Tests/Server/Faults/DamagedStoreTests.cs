using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Runs with all kinds of ends, a damaged database, and a new server: the API returns the same as before.</summary>
public sealed partial class DamagedStoreTests
{
    private static readonly string[] _parts = ["", "/metrics", "/metrics?attempt=1", "/fingerprint", "/predictions"];

    private static (string Name, Action<byte[], string> Inflict)[] Damages =>
    [
        ("garbage", (bytes, path) =>
        {
            for (int page = 1; page < bytes.Length / 8192; page += 5)
            {
                new Random(page).NextBytes(bytes.AsSpan(page * 8192, 8192));
            }

            File.WriteAllBytes(path, bytes);
        }),
        ("empty", (_, path) => File.WriteAllBytes(path, [])),
        ("truncated", (bytes, path) => File.WriteAllBytes(path, bytes[..(bytes.Length / 3)])),
    ];

    [Fact]
    [Trait("Category", "Long")]
    public async Task Database_DamagedInSeveralWays_EveryRunIsRebuiltAsItWas()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with
        {
            DataDirectory = data.Path,
            Environment = new Dictionary<string, string>
            {
                ["LoraLab__CancelGraceSeconds"] = "3",
                ["LoraLab__ResumeInterrupted"] = "false",
            },
        };
        string database = Path.Combine(data.Path, "loralab.db");
        IReadOnlyDictionary<string, string> told;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            await FillAsync(new RunApi(first.Http));
            told = await TellAsync(first);
            await first.StopAsync();
        }

        Assert.Equal(8, told.Keys.Count(key => key.EndsWith("/metrics", StringComparison.Ordinal)));
        foreach ((string damage, Action<byte[], string> inflict) in Damages)
        {
            File.Delete(database.Replace(".db", "-log.db", StringComparison.Ordinal));
            inflict(File.ReadAllBytes(database), database);
            await using ServerProcess next = await ServerProcess.StartAsync(setup);

            IReadOnlyDictionary<string, string> now = await TellAsync(next);
            Assert.All(told, item => Assert.True(
                item.Value == now.GetValueOrDefault(item.Key),
                $"{damage}: {item.Key} was\n{item.Value}\nand is\n{now.GetValueOrDefault(item.Key)}"));
            Assert.Equal(told.Count, now.Count);
            if (damage != "empty")
            {
                string aside = Directory.GetFiles(data.Path, "loralab.db.damaged-*")
                    .Where(file => !file.EndsWith("-log", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Last();
                Assert.Contains(Path.GetFileName(aside), next.Output, StringComparison.Ordinal);
            }

            // Repeating the submission still returns the same run.
            using HttpRequestMessage again = new(HttpMethod.Post, ApiRoutes.Runs)
            {
                Content = RunApi.Json("""{"name":"once","notes":"steps=1"}"""),
                Headers = { { "Idempotency-Key", "only-once" } },
            };
            using HttpResponseMessage answer = await next.Http.SendAsync(again);
            Assert.Equal((HttpStatusCode.Created, "true"), (answer.StatusCode, answer.Headers.GetValues("Idempotency-Replayed").Single()));
            Assert.Equal(0, await next.StopAsync());
        }
    }

    private static async Task FillAsync(RunApi api)
    {
        string[] ids =
        [
            (await api.SubmitAsync("""{"name":"finished","notes":"steps=12 nan fingerprint","tags":["a","b"]}""")).Id,
            (await api.SubmitAsync("""{"name":"failed","notes":"steps=4 fail"}""")).Id,
            (await api.SubmitAsync("""{"name":"crashed","notes":"steps=9 crash=5 exit=134"}""")).Id,
            (await api.SubmitAsync("""{"name":"cancelled","notes":"steps=100000 delay=10"}""")).Id,
        ];
        await api.WaitAsync(ids[3], run => run.Progress.Step > 3);
        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(ids[3], "cancel"), expected: HttpStatusCode.Accepted);
        await api.WaitForEndAsync(ids[3]);
        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(ids[2], "resume"), expected: HttpStatusCode.Accepted);
        await api.WaitForEndAsync(ids[2]);
        await api.SendAsync<RunDocument>(
            HttpMethod.Patch, ApiRoutes.Run(ids[0]), """{"name":"renamed since","notes":"other <b>words</b>","tags":["c"]}""");
        RunDocument clone = await api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(ids[1], "clone"), """{"notes":"steps=2"}""", HttpStatusCode.Created);
        await api.WaitForEndAsync(clone.Id);
        using (HttpRequestMessage once = new(HttpMethod.Post, ApiRoutes.Runs)
        {
            Content = RunApi.Json("""{"name":"once","notes":"steps=1"}"""),
            Headers = { { "Idempotency-Key", "only-once" } },
        })
        using (HttpResponseMessage response = await api.Http.SendAsync(once))
        {
            await api.WaitForEndAsync((string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["id"]!);
        }

        await api.SendAsync<JsonObject>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");
        await api.SubmitAsync("""{"name":"waiting","priority":2}""");
        RunDocument moved = await api.SubmitAsync("""{"name":"waiting too","priority":2}""");
        await api.SendAsync<JsonObject>(HttpMethod.Post, ApiRoutes.QueueReorder, $$"""{"runId":"{{moved.Id}}","position":"top"}""");
    }

    private static async Task<IReadOnlyDictionary<string, string>> TellAsync(ServerProcess server)
    {
        RunList runs = await new RunApi(server.Http).ReadAsync<RunList>($"{ApiRoutes.Runs}?limit=100");
        Dictionary<string, string> told = [];
        foreach (string url in (string[])
        [
            ApiRoutes.Queue,
            .. runs.Items.SelectMany(run => _parts.Select(part => ApiRoutes.Run(run.Id) + part)),
        ])
        {
            using HttpResponseMessage response = await server.Http.GetAsync(url);
            told[url] = $"{(int)response.StatusCode} {TraceId().Replace(await response.Content.ReadAsStringAsync(), "")}";
        }

        return told;
    }

    [GeneratedRegex("\"traceId\":\"[^\"]*\"")]
    private static partial Regex TraceId();
}
