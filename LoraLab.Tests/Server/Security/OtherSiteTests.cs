using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>Cross-site requests of browsers, with and without DNS rebinding.</summary>
[Collection(nameof(SharedServer))]
public sealed class OtherSiteTests(ScriptedServer plain, KeyedServer keyed) : IClassFixture<KeyedServer>
{
    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:5080")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("10.1.2.3")]
    [InlineData("lab.example")]
    public async Task Host_ThatIsNotThisMachine_IsRefused(string host)
    {
        using HttpResponseMessage response = await SendAsync(plain.Server, HttpMethod.Get, ApiRoutes.Runs, ("Host", host));

        await KeyTests.IsProblemAsync(response, HttpStatusCode.BadRequest, "unknownHost");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost:1234")]
    [InlineData("LOCALHOST")]
    [InlineData("[::1]:5080")]
    public async Task Host_OfThisMachine_IsServed(string host)
    {
        using HttpResponseMessage response = await SendAsync(plain.Server, HttpMethod.Get, ApiRoutes.Runs, ("Host", host));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("lab.example", HttpStatusCode.OK)]
    [InlineData("one.lab.example:8443", HttpStatusCode.OK)]
    [InlineData("192.168.1.20:5080", HttpStatusCode.OK)]
    [InlineData("evillab.example", HttpStatusCode.BadRequest)]
    [InlineData("lab.example.evil", HttpStatusCode.BadRequest)]
    public async Task Host_OfAServerForOthers_IsOneOfItsNamesOrAnAddress(string host, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await keyed.SendAsync(HttpMethod.Get, ApiRoutes.Runs, keyed.Read, headers: ("Host", host));

        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://127.0.0.1:1")]
    [InlineData("Origin", "http://localhost")]
    [InlineData("Origin", "file://")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Write_FromAnotherSite_IsRefused(string header, string value)
    {
        foreach ((HttpMethod method, string path) in new[]
        {
            (HttpMethod.Post, ApiRoutes.Runs),
            (HttpMethod.Post, ApiRoutes.Run("none", "cancel")),
            (HttpMethod.Patch, ApiRoutes.Queue),
            (HttpMethod.Delete, ApiRoutes.Run("none")),
            (HttpMethod.Post, ApiRoutes.Session),
            (HttpMethod.Post, LiveHub.Path + "/negotiate?negotiateVersion=1"),
            (HttpMethod.Get, LiveHub.Path),
        })
        {
            using HttpResponseMessage response = await SendAsync(plain.Server, method, path, (header, value));

            await KeyTests.IsProblemAsync(response, HttpStatusCode.Forbidden, "crossSite");
        }
    }

    [Fact]
    public async Task Write_FromItsOwnPageOrAScript_IsTaken()
    {
        string own = plain.Server.Address.GetLeftPart(UriPartial.Authority);
        (string, string)[][] requests =
        [
            [],
            [("Origin", own)],
            [("Origin", own), ("Sec-Fetch-Site", "same-origin")],
            [("Sec-Fetch-Site", "none")],
        ];
        foreach ((string, string)[] headers in requests)
        {
            using HttpResponseMessage response = await SendAsync(plain.Server, HttpMethod.Post, ApiRoutes.Runs + "?dryRun=true", headers);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task Write_ThroughAProxyOfAConfiguredName_IsTaken()
    {
        using HttpResponseMessage kept = await keyed.SendAsync(
            HttpMethod.Post,
            ApiRoutes.Runs + "?dryRun=true",
            keyed.Submit,
            "{}",
            ("Host", "lab.example"),
            ("Origin", "https://lab.example"));
        using HttpResponseMessage rewritten = await keyed.SendAsync(
            HttpMethod.Post, ApiRoutes.Runs + "?dryRun=true", keyed.Submit, "{}", ("Origin", "https://lab.example"));
        using HttpResponseMessage foreign = await keyed.SendAsync(
            HttpMethod.Post,
            ApiRoutes.Runs + "?dryRun=true",
            keyed.Submit,
            "{}",
            ("Host", "lab.example"),
            ("Origin", "https://evil.example"));

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Forbidden], [kept.StatusCode, rewritten.StatusCode, foreign.StatusCode]);
    }

    [Theory]
    [InlineData("/api/v1/runs")]
    [InlineData("/")]
    [InlineData("/api/v1/nothing")]
    [InlineData("/js/theme.js")]
    public async Task Answer_OfAnyKind_CarriesTheHeaders(string path)
    {
        using HttpResponseMessage response = await SendAsync(plain.Server, HttpMethod.Get, path, ("Origin", "http://evil.example"));

        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("same-origin", response.Headers.GetValues("Referrer-Policy").Single());
        string policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("'unsafe-eval'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("'unsafe-inline'", policy.Split("style-src")[0], StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(response.Headers.Contains("Server"));
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ServerProcess server, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, path) { Content = method == HttpMethod.Get ? null : RunApi.Json("{}") };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await server.Http.SendAsync(request);
    }
}
