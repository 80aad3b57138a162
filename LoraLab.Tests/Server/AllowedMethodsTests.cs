using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A known path with another method: 405, with the methods that it has.</summary>
[Collection(nameof(SharedServer))]
public sealed class AllowedMethodsTests(ScriptedServer shared)
{
    [Fact]
    public async Task Path_WithEveryOtherMethod_IsRefusedWithTheMethodsThatItHas()
    {
        JsonNode document = JsonNode.Parse(await shared.Server.Http.GetStringAsync("/openapi/v1.json"))!;
        int refused = 0;
        foreach ((string path, JsonNode? operations) in document["paths"]!.AsObject())
        {
            SortedSet<string> allowed = new(operations!.AsObject().Select(operation => operation.Key.ToUpperInvariant()));
            if (allowed.Contains("GET"))
            {
                allowed.Add("HEAD");
            }

            string address = path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
            foreach (string method in ((string[])["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"]).Except(allowed))
            {
                using HttpRequestMessage request = new(new HttpMethod(method), address);
                using HttpResponseMessage response = await shared.Server.Http.SendAsync(request);
                string body = await response.Content.ReadAsStringAsync();

                Assert.True(
                    response.StatusCode == HttpStatusCode.MethodNotAllowed, $"{method} {address}: {(int)response.StatusCode} {body}");
                Assert.Equal(allowed, response.Content.Headers.Allow.Order(StringComparer.Ordinal));
                Assert.Equal("methodNotAllowed", (string?)JsonNode.Parse(body)!["code"]);
                refused++;
            }
        }

        Assert.True(refused > 100, $"Only {refused} requests were refused.");
    }

    [Theory]
    [InlineData("/api/v1/none")]
    [InlineData("/api/v1/runs/a/b/c")]
    [InlineData("/api")]
    public async Task Path_Unknown_IsNotFoundWhateverTheMethod(string path)
    {
        foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete])
        {
            using HttpRequestMessage request = new(method, path);
            using HttpResponseMessage response = await shared.Server.Http.SendAsync(request);

            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Empty(response.Content.Headers.Allow);
        }
    }

    [Fact]
    public async Task Page_PostedTo_NamesTheMethodsOfAPage()
    {
        using HttpResponseMessage response = await shared.Server.Http.PostAsync("/runs", RunApi.Json("{}"));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order(StringComparer.Ordinal));
    }
}
