using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Health reports.</summary>
[Collection(nameof(SharedServer))]
public sealed class HealthTests(ScriptedServer well)
{
    [Fact]
    public async Task Ready_OfAWellServer_NamesEveryCheck()
    {
        ServerProcess server = well.Server;

        JsonNode report = await UntilAsync(server, node => (string?)node["status"] == "Healthy");

        Assert.Equal(["disk", "queue", "store", "trainer"], report["checks"]!.AsObject().Select(check => check.Key).Order());
        Assert.All(report["checks"]!.AsObject(), check =>
            Assert.False(string.IsNullOrEmpty((string?)check.Value!["description"]), check.Key));
        using HttpResponseMessage live = await server.Http.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal("application/json", live.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Ready_WhereTheNativeLibraryDoesNotLoad_SaysWhyAndLivesOn()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string> { ["SCRIPTED_DOCTOR"] = "libgomp.so.1 is not there." },
        });

        JsonNode report = await UntilAsync(server, node => (string?)node["status"] == "Unhealthy");

        Assert.Contains("libgomp.so.1", (string)report["checks"]!["trainer"]!["description"]!, StringComparison.Ordinal);
        Assert.Equal("Healthy", (string?)report["checks"]!["store"]!["status"]);
        using HttpResponseMessage live = await server.Http.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
    }

    private static async Task<JsonNode> UntilAsync(ServerProcess server, Predicate<JsonNode> reached)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            using HttpResponseMessage response = await server.Http.GetAsync("/health/ready");
            JsonNode report = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            if (reached(report))
            {
                Assert.Equal(
                    (string?)report["status"] == "Unhealthy" ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, response.StatusCode);
                return report;
            }

            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(40), report.ToJsonString());
            await Task.Delay(100);
        }
    }
}
