using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Npgsql;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Databases and nodes that are set up wrong: a sentence says so, training goes on, and nothing is lost.</summary>
[Trait("Category", "Long")]
public sealed class BadDatabaseTests : IAsyncLifetime
{
    private PostgresServer _postgres = null!;
    private TestCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync(connections: 60);
        _cluster = new TestCluster(_postgres.NewPlace(), 12);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    [Fact]
    public async Task Start_WithWhatTheDatabaseRefuses_SaysWhatToCorrect()
    {
        await _postgres.RequirePasswordAsync("loralab", "right");
        string place = _cluster.Connection;
        await AssertRefusedAsync(
            $"{place};Username=loralab;Password=wrong", "User loralab may not use the PostgreSQL database postgres at ");
        await AssertRefusedAsync($"{place};Username=loralab", "No password");
        await AssertRefusedAsync(
            $"{place};Username=loralab;Password=right", "User loralab may not create LoraLab's tables in the PostgreSQL database postgres");
        await AssertRefusedAsync($"{place};Database=elsewhere", "There is no PostgreSQL database elsewhere at ");
        await AssertRefusedAsync(
            $"{place};Host=nowhere.invalid", "Cannot reach the PostgreSQL database postgres at nowhere.invalid:5432");
        List<NpgsqlConnection> taken = [];
        await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            while (true)
            {
                NpgsqlConnection connection = new(place + ";Pooling=false");
                taken.Add(connection);
                await connection.OpenAsync();
            }
        });
        await AssertRefusedAsync(place, "has no connection left");
        foreach (NpgsqlConnection connection in taken)
        {
            await connection.DisposeAsync();
        }

        await AssertRefusedAsync(
            $"{place};Maximum Pool Size=1", "allows 1 connection (Maximum Pool Size), and a node needs at least 8");
    }

    [Fact]
    public async Task Start_OnTablesOfAnEarlierVersion_UpdatesThem()
    {
        RunDocument run;
        await using (ServerProcess first = await ServerProcess.StartAsync(_cluster.SetupOf("one", "All")))
        {
            RunApi api = new(first.Http);
            run = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes": "steps=4 rows=2"}""")).Id);
        }

        await PostgresServer.ExecuteAsync(_cluster.Connection, "drop table intact; update versions set number = 3");
        await using ServerProcess again = await ServerProcess.StartAsync(_cluster.SetupOf("one", "All"));
        Assert.Equal(RunState.Completed, (await new RunApi(again.Http).GetAsync(run.Id)).State);
        RunApi later = new(again.Http);
        Assert.Equal(
            RunState.Completed, (await later.WaitForEndAsync((await later.SubmitAsync("""{"notes": "steps=4 rows=2"}""")).Id)).State);
    }

    [Theory]
    [InlineData(600, "600 s ahead of")]
    [InlineData(-600, "600 s behind")]
    public async Task Node_WithAWrongClock_IsNamed_AndTrainsAsOthers(int seconds, string difference)
    {
        await _cluster.StartAsync(
            "late",
            "Worker",
            ("DOTNET_STARTUP_HOOKS", typeof(BadDatabaseTests).Assembly.Location),
            (StartupHook.ClockError, seconds.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        RunApi api = new((await _cluster.StartAsync("web", "Web")).Http);

        RunDocument ended = await api.WaitForEndAsync((await api.SubmitAsync("""{"notes": "steps=100 delay=50 rows=2"}""")).Id);

        await TestCluster.AssertCompleteAsync(api, ended);
        Assert.Single(ended.Attempts);
        SystemDocument system = await api.ReadAsync<SystemDocument>("api/v1/system");
        string problem = Assert.Single(system.Problems, sentence => sentence.Contains("clock", StringComparison.Ordinal));
        Assert.Contains("The clock of node late is ", problem, StringComparison.Ordinal);
        // Some of it passed on the way.
        Assert.Contains(difference.Split(' ')[2], problem, StringComparison.Ordinal);
        Assert.Matches("(59|60)[0-9] s", problem);
    }

    [Fact]
    public async Task Requests_WithoutAConnectionLeft_SaySo_AndTrainingGoesOn()
    {
        ServerProcess node = await _cluster.StartAsync(
            "one", "All", (TestCluster.Postgres, $"{_cluster.Connection};Maximum Pool Size=8;Timeout=1"));
        RunApi api = new(node.Http);
        RunDocument run = await api.SubmitAsync("""{"notes": "steps=300 delay=20 rows=2"}""");
        await api.WaitAsync(run.Id, started => started.Progress.Step > 5);
        await using (NpgsqlConnection holding = new(_cluster.Connection))
        {
            await holding.OpenAsync();
            await using NpgsqlTransaction transaction = await holding.BeginTransactionAsync();
            await using NpgsqlCommand take = new("lock table runs in access exclusive mode", holding, transaction);
            await take.ExecuteNonQueryAsync();
            Task<HttpResponseMessage>[] requests =
                [.. Enumerable.Range(0, 12).Select(_ => node.Http.GetAsync(ApiRoutes.Runs, TestContext.Current.CancellationToken))];
            using HttpResponseMessage refused = await await Task.WhenAny(requests);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            string problem = await refused.Content.ReadAsStringAsync();
            Assert.Contains("All connections to the PostgreSQL database are in use", problem, StringComparison.Ordinal);
            await transaction.RollbackAsync();
            await Task.WhenAll(requests);
        }

        RunDocument ended = await api.WaitForEndAsync(run.Id);
        await TestCluster.AssertCompleteAsync(api, ended);
        Assert.Single(ended.Attempts);
    }

    private async Task AssertRefusedAsync(string connection, string sentence)
    {
        (int code, string output) = await ServerProcess.RunToEndAsync(
            _cluster.SetupOf("refused", "All", (TestCluster.Postgres, connection)));
        Assert.Equal(1, code);
        Assert.Contains(sentence, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
