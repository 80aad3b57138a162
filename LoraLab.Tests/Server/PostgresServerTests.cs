using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A server on a real PostgreSQL: the same API, with everything in the database.</summary>
public sealed class PostgresServerTests
{
    [Fact]
    public async Task Server_OnPostgres_RunsListsAndKeepsEverythingOverARestart()
    {
        ServerSetup setup = await SetupAsync();
        using TemporaryFolder data = new();
        setup = setup with { DataDirectory = data.Path };
        string[] ids;
        await using (ServerProcess server = await ServerProcess.StartAsync(setup))
        {
            RunApi api = new(server.Http);
            ids =
            [
                (await api.SubmitAsync("""{"notes": "steps=20 rows=8", "evalEvery": 10, "tags": ["first"]}""")).Id,
                (await api.SubmitAsync("""{"notes": "steps=20 rows=8", "method": "pissa", "priority": 5}""")).Id,
            ];
            foreach (string id in ids)
            {
                Assert.Equal(RunState.Completed, (await api.WaitForEndAsync(id)).State);
            }

            using HttpResponseMessage second = await server.Http.GetAsync($"api/v1/runs?filter={Uri.EscapeDataString("method = pissa")}");
            Assert.Equal([ids[1]], await IdsAsync(second));
            Assert.True(long.Parse(second.Headers.GetValues("X-LoraLab-Seq").Single()) > 0);
            Assert.False(File.Exists(Path.Combine(data.Path, "loralab.db")));

            (int code, string output) = await ServerProcess.RunToEndAsync(setup);
            Assert.Equal(1, code);
            Assert.Contains("uses this PostgreSQL database; give each node its own LoraLab:NodeName", output, StringComparison.Ordinal);
            Assert.Equal(0, await server.StopAsync());
        }

        await using ServerProcess again = await ServerProcess.StartAsync(setup);
        using HttpResponseMessage all = await again.Http.GetAsync("api/v1/runs?sort=id");
        Assert.Equal(ids, await IdsAsync(all));
        RunMetrics metrics = await new RunApi(again.Http).MetricsAsync(ids[0]);
        Assert.Equal(Enumerable.Range(1, 20), metrics.Series[MetricKeys.TrainLoss].X);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Session_OfOneNode_IsValidOnAnother()
    {
        ServerKey owner = new("owner", "admin");
        string connection = (await PostgresServer.SharedAsync()).NewPlace();
        using TemporaryFolder data = new();
        ServerSetup setup = new() { WorkerPath = BuiltPrograms.ScriptedWorker, DataDirectory = data.Path };
        ServerSetup Node(string name) => setup with
        {
            Environment = new Dictionary<string, string>(
                [.. Environment(connection), .. ServerKey.Environment(owner), KeyValuePair.Create("LoraLab__NodeName", name)]),
        };
        await using ServerProcess first = await ServerProcess.StartAsync(Node("one"));
        await using ServerProcess second = await ServerProcess.StartAsync(Node("two"));
        first.Http.DefaultRequestHeaders.Authorization = owner.Header;
        using HttpResponseMessage made = await first.Http.PostAsync(
            ApiRoutes.Keys, RunApi.Json("""{"name":"laptop","scopes":["read"]}"""));
        string key = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("key").GetString()!;
        using HttpResponseMessage signedIn = await first.Http.PostAsync(ApiRoutes.Session, RunApi.Json($$"""{"key":"{{key}}"}"""));
        string cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];

        // The other node knows a new key within a second.
        string? name = null;
        for (Stopwatch waited = Stopwatch.StartNew(); name is null && waited.Elapsed < TimeSpan.FromSeconds(20);)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, ApiRoutes.Session);
            request.Headers.Add("Cookie", cookie);
            using HttpResponseMessage session = await second.Http.SendAsync(request);
            name = (await session.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("name").GetString();
            await Polling.PauseAsync(waited);
        }

        Assert.Equal("laptop", name);
    }

    [Theory]
    [InlineData("Host=;;=", "ConnectionStrings:Postgres cannot be read")]
    [InlineData("Host=127.0.0.1;Port=1;Username=nobody;Timeout=3", "Cannot reach the PostgreSQL database nobody at 127.0.0.1:1")]
    public async Task Start_WithAWrongConnectionString_SaysWhatIsWrong(string connection, string sentence)
    {
        (int code, string output) = await ServerProcess.RunToEndAsync(new ServerSetup { Environment = Environment(connection) });

        Assert.Equal(1, code);
        Assert.Contains(sentence, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OnTablesOfANewerVersion_SaysSo()
    {
        string connection = (await PostgresServer.SharedAsync()).NewPlace();
        ServerSetup setup = new() { WorkerPath = BuiltPrograms.ScriptedWorker, Environment = Environment(connection) };
        await using (ServerProcess server = await ServerProcess.StartAsync(setup))
        {
            await server.StopAsync();
        }

        await PostgresServer.ExecuteAsync(connection, "update versions set number = 99");
        (int code, string output) = await ServerProcess.RunToEndAsync(setup);

        Assert.Equal(1, code);
        Assert.Contains("has version 99 of LoraLab's tables", output, StringComparison.Ordinal);
    }

    private static async Task<ServerSetup> SetupAsync() => new()
    {
        WorkerPath = BuiltPrograms.ScriptedWorker,
        Environment = Environment((await PostgresServer.SharedAsync()).NewPlace()),
    };

    private static Dictionary<string, string> Environment(string connection) => new() { ["ConnectionStrings__Postgres"] = connection };

    private static async Task<string[]> IdsAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        JsonElement page = await response.Content.ReadFromJsonAsync<JsonElement>();
        return [.. page.GetProperty("items").EnumerateArray().Select(run => run.GetProperty("id").GetString()!)];
    }
}
