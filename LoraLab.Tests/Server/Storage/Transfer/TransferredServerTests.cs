using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Storage.Transfer;

/// <summary>A lab that grows: what a server on the embedded store did is moved to PostgreSQL, and back.</summary>
[Trait("Category", "Long")]
public sealed class TransferredServerTests : IDisposable
{
    private static readonly string[] _routes =
    [
        "api/v1/runs?sort=id", "api/v1/queue", "api/v1/studies", "api/v1/metrics?keys=train%2Floss,eval%2Faccuracy&runs=",
    ];

    private readonly TemporaryFolder _data = new();
    private readonly TemporaryFolder _back = new();
    private readonly TemporaryFolder _files = new();

    public void Dispose()
    {
        _data.Dispose();
        _back.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Lab_MovedToPostgresAndBack_ListsTheSame()
    {
        Dictionary<string, string> postgres = new()
        {
            ["ConnectionStrings__Postgres"] = (await PostgresServer.SharedAsync()).NewPlace(),
        };
        string[] before;
        List<string> ids = [];
        await using (ServerProcess server = await StartAsync(_data, []))
        {
            RunApi api = new(server.Http);
            foreach (string spec in (string[])
            [
                """{"notes": "steps=300 rows=8", "evalEvery": 50, "tags": ["first"], "methodOptions": {"init": "gaussian"}}""",
                """{"notes": "steps=20 rows=8", "method": "pissa", "priority": 5}""",
            ])
            {
                RunDocument run = await api.SubmitAsync(spec);
                Assert.Equal(RunState.Completed, (await api.WaitForEndAsync(run.Id)).State);
                ids.Add(run.Id);
            }

            using HttpResponseMessage paused = await server.Http.PatchAsync("api/v1/queue", RunApi.Json("""{"paused": true}"""));
            paused.EnsureSuccessStatusCode();
            ids.Add((await api.SubmitAsync("""{"name": "waiting"}""")).Id);
            before = await AnswersAsync(server, ids);
            Assert.Equal(0, await server.StopAsync());
        }

        await RunAsync(_data, [], "export", "--out", FileAt("1.gz"));
        await RunAsync(_data, postgres, "import", "--from", FileAt("1.gz"));
        await RunAsync(_data, postgres, "export", "--out", FileAt("2.gz"));
        await RunAsync(_back, [], "import", "--from", FileAt("2.gz"));

        Assert.Equal(StoreFile.Totals(FileAt("1.gz")), StoreFile.Totals(FileAt("2.gz")));
        foreach ((TemporaryFolder folder, Dictionary<string, string> environment) in
            ((TemporaryFolder, Dictionary<string, string>)[])[(_data, postgres), (_back, [])])
        {
            await using ServerProcess server = await StartAsync(folder, environment);
            string[] after = await AnswersAsync(server, ids);
            for (int i = 0; i < before.Length; i++)
            {
                Assert.True(JsonNode.DeepEquals(JsonNode.Parse(before[i]), JsonNode.Parse(after[i])), $"{before[i]}\n{after[i]}");
            }
        }
    }

    private static async Task<string[]> AnswersAsync(ServerProcess server, IEnumerable<string> ids)
    {
        List<string> answers = [];
        foreach (string route in _routes)
        {
            answers.Add(await server.Http.GetStringAsync(route.EndsWith('=') ? route + string.Join(',', ids) : route));
        }

        return [.. answers];
    }

    private static Task<ServerProcess> StartAsync(TemporaryFolder data, Dictionary<string, string> environment) =>
        ServerProcess.StartAsync(Setup(data, environment));

    private static async Task RunAsync(TemporaryFolder data, Dictionary<string, string> environment, params string[] verb)
    {
        (int code, string output) = await ServerProcess.RunToEndAsync(Setup(data, environment) with { Verb = verb });
        Assert.True(code == 0, output);
    }

    private static ServerSetup Setup(TemporaryFolder data, Dictionary<string, string> environment) => new()
    {
        WorkerPath = BuiltPrograms.ScriptedWorker,
        DataDirectory = data.Path,
        Environment = environment,
    };

    private string FileAt(string name) => Path.Combine(_files.Path, name);
}
