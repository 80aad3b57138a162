using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A server under a path: one setting, or the header of a known proxy, reaches everything that has an address.</summary>
public sealed class PathBaseTests(PathBaseTests.PublishedServer fixture) : IClassFixture<PathBaseTests.PublishedServer>
{
    private const string Forwarded = "X-Forwarded-Prefix";

    private readonly HttpClient _http = fixture.Http;

    [Theory]
    [InlineData("/lab/")]
    [InlineData("/lab/runs/some-id")]
    [InlineData("/lab/index.html")]
    [InlineData("/")]
    [InlineData("/runs/new")]
    [InlineData("/index.html")]
    public async Task Page_WithThePrefixOrStripped_HasTheBaseAddress(string path) =>
        Assert.Contains("<base href=\"/lab/\" />", await _http.GetStringAsync(path), StringComparison.Ordinal);

    [Fact]
    public async Task Page_OfThePrefixWithoutSlash_Redirects()
    {
        using HttpResponseMessage response = await _http.GetAsync("/lab?tag=demo");

        Assert.Equal((HttpStatusCode.Redirect, "/lab/?tag=demo"), (response.StatusCode, response.Headers.Location?.OriginalString));
    }

    [Theory]
    [InlineData("/lab/_framework/blazor.webassembly.js")]
    [InlineData("/lab/css/base.css")]
    [InlineData("/lab/api/v1/session")]
    [InlineData("/api/v1/session")]
    [InlineData("/lab/health/live")]
    [InlineData("/lab/openapi/v1.json")]
    [InlineData("/lab/api-docs/")]
    public async Task Route_UnderThePrefixOrStripped_IsServed(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("/lab/api/v1/runs")]
    [InlineData("/api/v1/runs")]
    public async Task Created_Location_IsUnderThePrefix(string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = RunApi.Json("""{"notes":"steps=1"}""") };
        request.Headers.Authorization = fixture.Key.Header;
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.StartsWith("/lab/api/v1/runs/", response.Headers.Location?.OriginalString, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_Cookie_IsForThePrefixOnly()
    {
        using HttpResponseMessage response =
            await _http.PostAsync("/lab/api/v1/session", RunApi.Json($$"""{"key":"{{fixture.Key.Secret}}"}"""));

        string cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Contains("path=/lab;", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task OpenApi_Server_IsThePrefix()
    {
        JsonNode document = JsonNode.Parse(await _http.GetStringAsync("/lab/openapi/v1.json"))!;

        Assert.Equal("/lab", (string?)document["servers"]?[0]?["url"]);
    }

    [Fact]
    public async Task Problem_OfAnUnknownRoute_NamesTheAddressThatTheClientSees()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/lab/api/v1/nothing");
        request.Headers.Authorization = fixture.Key.Header;
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Contains("/lab/api/v1/nothing", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/team/lora-lab_1.0~x", "/team/lora-lab_1.0~x/")]
    [InlineData("/a/b", "/a/b/")]
    [InlineData("//evil.example", "/lab/")]
    [InlineData("/a\"><script>", "/lab/")]
    [InlineData("/a/..", "/lab/")]
    [InlineData("/a/", "/lab/")]
    [InlineData("/a, /b", "/lab/")]
    [InlineData("", "/lab/")]
    public async Task ForwardedPrefix_FromAKnownProxy_CountsIfItIsAPath(string prefix, string baseAddress)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/runs");
        request.Headers.TryAddWithoutValidation(Forwarded, prefix);
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Contains($"<base href=\"{baseAddress}\" />", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithPathBase_PrintsTheAddressWithIt()
    {
        Assert.EndsWith("/lab", fixture.Server.Address.AbsolutePath, StringComparison.Ordinal);
        using HttpResponseMessage ready = await _http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    [Theory]
    [InlineData("lab")]
    [InlineData("/lab/")]
    [InlineData("//lab")]
    [InlineData("/")]
    [InlineData("/a b")]
    [InlineData("/a/../b")]
    [InlineData("/a\"")]
    public async Task Start_NoPath_IsOneSentence(string value)
    {
        (int exitCode, string output) = await ServerInProcess.RunToEndAsync(
            "--LoraLab:PathBase", value, "--LoraLab:KnownProxies:0", "nobody", "--LoraLab:DataDirectory", Path.GetTempPath() + "none");

        Assert.Equal(1, exitCode);
        Assert.Contains("LoraLab:PathBase is", output, StringComparison.Ordinal);
        Assert.Contains("LoraLab:KnownProxies:0 is \"nobody\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    /// <summary>A server under <c>/lab</c> that requires a key and knows the tests' address as a proxy.</summary>
    public sealed class PublishedServer : IAsyncLifetime
    {
        internal ServerKey Key { get; } = new("lab", "submit");

        internal ServerProcess Server { get; private set; } = null!;

        /// <summary>Follows no redirects.</summary>
        internal HttpClient Http { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await ServerProcess.StartAsync(ScriptedServer.Setup with
            {
                Environment = new Dictionary<string, string>(ServerKey.Environment(Key))
                {
                    ["LoraLab__PathBase"] = "/lab",
                    ["LoraLab__KnownProxies__0"] = "127.0.0.0/8",
                },
            });
            Http = SchemaCheck.CreateClient(
                new Uri(Server.Address.GetLeftPart(UriPartial.Authority)),
                new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        }

        public async ValueTask DisposeAsync()
        {
            Http?.Dispose();
            if (Server is not null)
            {
                await Server.DisposeAsync();
            }
        }
    }
}
