using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>
/// No part of a request can name a file outside; with the real trainer, because it resolves models, datasets and adapters.
/// </summary>
public sealed class TraversalTests(TraversalTests.RealServer fixture) : IClassFixture<TraversalTests.RealServer>
{
    private const string Canary = "canary-4711";

    private readonly RunApi _api = new(fixture.Server.Http);

    public static TheoryData<string> Paths =>
    [
        "..", "../..", "../secret", "../../secret/model", "..\\..\\secret", "/etc", "/etc/passwd", "C:\\Windows", "C:secret",
        "\\\\host\\share", "//host/share",
        "sample/../../secret", "sample/..", "./sample", "a/b/c", "file:///etc/passwd", "~", "~/secret", "%2e%2e/secret", "..%2fsecret",
        "sample\u0000/../secret", "．．/secret", "....//secret", "",
    ];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Specification_WithAPathInAName_IsRefusedAndTellsNothing(string path)
    {
        foreach (string field in (string[])["model", "dataset", "initFrom"])
        {
            if (field == "initFrom" && path.Length == 0)
            {
                continue;
            }

            string spec = new JsonObject { [field] = path }.ToJsonString();
            JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(spec));

            Assert.True(problem["errors"]!.AsObject().ContainsKey(field), problem.ToJsonString());
            Assert.DoesNotContain(Canary, problem.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("..%2f..%2fsecret")]
    [InlineData("%2e%2e%2f%2e%2e%2fsecret")]
    [InlineData("..%5c..%5csecret")]
    [InlineData("%2fetc%2fpasswd")]
    [InlineData("....")]
    [InlineData("%252e%252e%252fsecret")]
    public async Task Run_WhoseIdIsAPath_IsNotThere(string id)
    {
        foreach (string part in (string[])["", "/metrics", "/predictions", "/logs", "/fingerprint", "/adapter", "/events", "/artifacts"])
        {
            string answer = await RawAsync($"GET {ApiRoutes.Runs}/{id}{part} HTTP/1.1");

            Assert.StartsWith("HTTP/1.1 404", answer, StringComparison.Ordinal);
            Assert.DoesNotContain(Canary, answer, StringComparison.Ordinal);
        }

        string deleted = await RawAsync($"DELETE {ApiRoutes.Runs}/{id} HTTP/1.1");
        Assert.StartsWith("HTTP/1.1 404", deleted, StringComparison.Ordinal);
        Assert.True(File.Exists(fixture.Secret), "The file outside was deleted.");
    }

    [Theory]
    [InlineData("/../secret/canary.txt")]
    [InlineData("/%2e%2e/secret/canary.txt")]
    [InlineData("/..%2fsecret/canary.txt")]
    [InlineData("/_framework/../../../appsettings.json")]
    [InlineData("/css/..%5c..%5cappsettings.json")]
    [InlineData("/appsettings.json")]
    [InlineData("//etc/passwd")]
    public async Task StaticFiles_OutsideTheirFolder_AreNotServed(string path)
    {
        string answer = await RawAsync($"GET {path} HTTP/1.1");

        Assert.DoesNotContain(Canary, answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\"LogLevel\"", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("step=../../secret")]
    [InlineData("step=-1")]
    [InlineData("step=000050.csv")]
    [InlineData("step=1e3")]
    [InlineData("step=%00")]
    public async Task Predictions_WhoseStepIsAPath_AreRefused(string query)
    {
        RunDocument run = await fixture.WaitingRunAsync();

        await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Run(run.Id, "predictions?" + query));
    }

    [Fact]
    public async Task Run_NamedLikeAPath_StaysInItsOwnFolder()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["name"] = "../../secret/x";
        spec["tags"] = new JsonArray("../tag");
        RunDocument run = await _api.SubmitAsync(spec.ToJsonString());

        Assert.Matches("^[0-9a-z]{10}$", run.Id);
        Assert.Equal("../../secret/x", run.Name);
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(fixture.Secret)!));
    }

    /// <summary>Sends the path unchanged: HttpClient would normalize it.</summary>
    private async Task<string> RawAsync(string requestLine)
    {
        using TcpClient client = new();
        await client.ConnectAsync(fixture.Server.Address.Host, fixture.Server.Address.Port);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{requestLine}\r\nHost: {fixture.Server.Address.Authority}\r\nConnection: close\r\n\r\n"));
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync();
    }

    /// <summary>A server with the real trainer, with a secret folder beside its data.</summary>
    public sealed class RealServer : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal ServerProcess Server { get; private set; } = null!;

        internal string Secret { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Secret = _folder.Write("secret/canary.txt", Canary);
            Server = await ServerProcess.StartAsync(
                new ServerSetup { DataDirectory = Directory.CreateDirectory(Path.Combine(_folder.Path, "data")).FullName });
            await new RunApi(Server.Http).SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":true}""");
        }

        public async ValueTask DisposeAsync()
        {
            if (Server is not null)
            {
                await Server.DisposeAsync();
            }

            _folder.Dispose();
        }

        internal async Task<RunDocument> WaitingRunAsync() =>
            await new RunApi(Server.Http).SubmitAsync(MicroSpec.For("lora").ToJsonString());
    }
}
