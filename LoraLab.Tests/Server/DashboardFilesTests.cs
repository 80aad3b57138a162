using System.IO.Compression;
using System.Net;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The built server in Production serves the dashboard, and the dashboard's page only for page paths.</summary>
[Collection(nameof(SharedServer))]
public sealed class DashboardFilesTests(ScriptedServer fixture)
{
    private readonly HttpClient _http = fixture.Server.Http;

    [Theory]
    [InlineData("/")]
    [InlineData("/runs/some-id")]
    [InlineData("/compare?runs=a,b")]
    public async Task Page_AnyAddress_IsTheDashboard(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(path);

        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("_framework/blazor.webassembly", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_ForwardedPrefixOfNoKnownProxy_IsIgnored()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/runs");
        request.Headers.Add("X-Forwarded-Prefix", "/lab");
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Contains("<base href=\"/\" />", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Framework_FilesThatThePageNeeds_AreNotEmpty()
    {
        string page = await _http.GetStringAsync("/");
        string script = System.Text.RegularExpressions.Regex.Match(page, "_framework/blazor\\.webassembly[^\"']*\\.js").Value;

        foreach (string file in new[] { script, "_framework/dotnet.js" })
        {
            using HttpResponseMessage response = await _http.GetAsync("/" + file);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.NotEqual("text/html", response.Content.Headers.ContentType?.MediaType);
            Assert.True((await response.Content.ReadAsByteArrayAsync()).Length > 1000, $"{file} is nearly empty.");
        }
    }

    /// <summary>A later visit asks for none of the page's own stylesheets and scripts again.</summary>
    [Fact]
    public async Task Page_OwnStylesheetsAndScripts_AreKeptByTheBrowserUnderTheirFingerprints()
    {
        string page = await _http.GetStringAsync("/runs");
        string[] files =
        [
            .. System.Text.RegularExpressions.Regex.Matches(page, "\"((?:css|js)/[^\"]+)\"").Select(match => match.Groups[1].Value),
        ];
        Assert.Contains(files, file => file.StartsWith("js/lastview.", StringComparison.Ordinal));

        foreach (string file in files)
        {
            using HttpResponseMessage response = await _http.GetAsync("/" + file);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(response.Headers.CacheControl?.MaxAge > TimeSpan.FromDays(30), $"{file} is asked for again on every visit.");
        }
    }

    /// <summary>What a browser asks for is smaller than the file, as its header says, and kept by the browser.</summary>
    [Fact]
    public async Task Framework_AskedForCompressed_IsCompressedAndKept()
    {
        string script = await _http.GetStringAsync("/_framework/dotnet.js");
        string library = System.Text.RegularExpressions.Regex.Match(script, "MudBlazor\\.[a-z0-9]+\\.wasm").Value;
        Assert.NotEmpty(library);
        byte[] plain = await _http.GetByteArrayAsync("/_framework/" + library);
        using HttpRequestMessage request = new(HttpMethod.Get, "/_framework/" + library);
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using HttpResponseMessage response = await _http.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        Assert.InRange(body.Length, 1000, plain.Length / 3);
        await using GZipStream unpacked = new(new MemoryStream(body), CompressionMode.Decompress);
        using MemoryStream all = new();
        await unpacked.CopyToAsync(all);
        Assert.Equal(plain, all.ToArray());
        Assert.True(response.Headers.CacheControl?.MaxAge > TimeSpan.FromDays(30));
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api/v1/runs/none/nothing")]
    [InlineData("/hubs/nothing")]
    [InlineData("/health/nothing")]
    [InlineData("/openapi/nothing")]
    public async Task Fallback_NotAPage_IsAProblem(string path) =>
        await fixture.Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, path);

    [Fact]
    public async Task Fallback_WrongMethod_IsAProblem() =>
        await fixture.Api.RefusedAsync(HttpStatusCode.MethodNotAllowed, HttpMethod.Put, "/api/v1/runs");

    [Theory]
    [InlineData("/openapi/v1.json", "/api/v1/runs/{id}/metrics")]
    [InlineData("/api-docs/", "scalar")]
    [InlineData("/api-docs/scalar.js", "function")]
    [InlineData("/health/live", "Healthy")]
    public async Task Description_IsServedByTheServerItself(string path, string content)
    {
        string body = await _http.GetStringAsync(path);

        Assert.Contains(content, body, StringComparison.Ordinal);
        if (path == "/api-docs/")
        {
            Assert.DoesNotContain("src=\"http", body, StringComparison.Ordinal);
        }
    }
}
