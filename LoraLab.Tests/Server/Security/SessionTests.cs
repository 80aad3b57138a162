using System.Net;
using LoraLab.Contracts;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>The cookie of <c>/login</c>.</summary>
public sealed class SessionTests(KeyedServer server) : IClassFixture<KeyedServer>
{
    [Fact]
    public async Task SignIn_WithAKey_GivesACookieThatOpensWhatTheKeyOpens()
    {
        using HttpResponseMessage signedIn = await SignInAsync(server.Server, server.Submit.Secret);
        string cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"));

        Assert.Equal(HttpStatusCode.OK, signedIn.StatusCode);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(server.Submit.Secret, cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Server, ApiRoutes.Runs, cookie));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server.Server, "/hangfire", cookie));
    }

    [Fact]
    public async Task SignIn_WithAnotherKey_IsRefusedWithASentence()
    {
        using HttpResponseMessage response = await SignInAsync(server.Server, "loralab_guess");

        await KeyTests.IsProblemAsync(response, HttpStatusCode.Unauthorized, "keyUnknown");
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Cookie_Changed_IsNoCookie()
    {
        using HttpResponseMessage signedIn = await SignInAsync(server.Server, server.Submit.Secret);
        string cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        char[] changed = cookie.ToCharArray();
        int at = cookie.Length - 20;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Server, ApiRoutes.Runs, new string(changed)));
    }

    [Fact]
    public async Task SignOut_TakesTheCookieBack()
    {
        using HttpResponseMessage signedOut = await server.SendAsync(HttpMethod.Delete, ApiRoutes.Session);

        Assert.Equal(HttpStatusCode.NoContent, signedOut.StatusCode);
        Assert.Contains(
            "expires=Thu, 01 Jan 1970", Assert.Single(signedOut.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Cookie_AfterARestart_IsStillGoodAndWithoutItsKeyNoMore()
    {
        using TemporaryFolder data = new();
        ServerKey key = new("a", "read");
        ServerKey other = new("b", "read");
        string cookie;
        await using (ServerProcess first = await StartAsync(data, key, other))
        {
            using HttpResponseMessage signedIn = await SignInAsync(first, key.Secret);
            cookie = signedIn.Headers.GetValues("Set-Cookie").Single();
        }

        await using (ServerProcess second = await StartAsync(data, key, other))
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(second, ApiRoutes.Runs, cookie));
        }

        await using ServerProcess third = await StartAsync(data, other);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(third, ApiRoutes.Runs, cookie));
    }

    private static Task<ServerProcess> StartAsync(TemporaryFolder data, params ServerKey[] keys) =>
        ServerProcess.StartAsync(ScriptedServer.Setup with { DataDirectory = data.Path, Environment = ServerKey.Environment(keys) });

    private static async Task<HttpResponseMessage> SignInAsync(ServerProcess server, string secret) =>
        await server.Http.PostAsync(ApiRoutes.Session, RunApi.Json($$"""{"key":"{{secret}}"}"""));

    private static async Task<HttpStatusCode> StatusAsync(ServerProcess server, string path, string cookie)
    {
        using HttpClient http = SchemaCheck.CreateClient(
            server.Address, new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false });
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Cookie", cookie.Split(';')[0]);
        using HttpResponseMessage response = await http.SendAsync(request);
        return response.StatusCode;
    }
}
