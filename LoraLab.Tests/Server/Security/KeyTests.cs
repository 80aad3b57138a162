using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>Keys and the routes that each scope permits.</summary>
public sealed class KeyTests(KeyedServer server) : IClassFixture<KeyedServer>
{
    [Theory]
    [InlineData("/api/v1/runs")]
    [InlineData("/api/v1/system")]
    [InlineData("/hubs/live")]
    [InlineData("/api/v1/nothing")]
    [InlineData("/metrics")]
    public async Task Request_WithoutAKey_IsRefusedWithASentence(string path)
    {
        using HttpResponseMessage response = await server.SendAsync(HttpMethod.Get, path);

        await IsProblemAsync(response, HttpStatusCode.Unauthorized, "keyNeeded");
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Theory]
    [InlineData("Bearer loralab_wrong")]
    [InlineData("Bearer")]
    [InlineData("Basic bG9yYWxhYjpsb3JhbGFi")]
    [InlineData("nonsense, and more")]
    public async Task Request_WithAnotherHeader_IsRefused(string header)
    {
        using HttpResponseMessage response = await server.SendAsync(HttpMethod.Get, ApiRoutes.Runs, headers: ("Authorization", header));

        Assert.True(response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest, response.StatusCode.ToString());
    }

    [Fact]
    public async Task Request_WithTheHashInPlaceOfTheKey_IsRefused()
    {
        using HttpResponseMessage response = await server.SendAsync(
            HttpMethod.Get, ApiRoutes.Runs, headers: ("Authorization", $"Bearer {server.Admin.Sha256}"));

        await IsProblemAsync(response, HttpStatusCode.Unauthorized, "keyNeeded");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/login")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/api/v1/session")]
    public async Task Request_ForWhatIsNobodysSecret_NeedsNoKey(string path)
    {
        using HttpResponseMessage response = await server.SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Description_OfTheApi_SaysHowAKeyIsSent()
    {
        using JsonDocument description = JsonDocument.Parse(await server.Server.Http.GetStringAsync("/openapi/v1.json"));

        JsonElement scheme = description.RootElement.GetProperty("components").GetProperty("securitySchemes").GetProperty("apiKey");
        Assert.Equal(("http", "bearer"), (scheme.GetProperty("type").GetString(), scheme.GetProperty("scheme").GetString()));
        Assert.Contains(description.RootElement.GetProperty("security").EnumerateArray(), requirement =>
            requirement.TryGetProperty("apiKey", out _));
    }

    [Fact]
    public async Task Ready_WithoutAKey_TellsStatesOnly()
    {
        string open = await server.Server.Http.GetStringAsync("/health/ready");

        Assert.DoesNotContain(server.Server.DataDirectory, open, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api/v1/runs", null, 200, 200, 200)]
    [InlineData("GET", "/api/v1/compare?runs=none", null, 404, 404, 404)]
    [InlineData("POST", "/api/v1/runs?dryRun=true", "{}", 403, 200, 200)]
    [InlineData("PATCH", "/api/v1/runs/none", "{}", 403, 404, 404)]
    [InlineData("POST", "/api/v1/runs/none/cancel", null, 403, 404, 404)]
    [InlineData("POST", "/api/v1/runs/none/kill", null, 403, 404, 404)]
    [InlineData("POST", "/api/v1/runs/none/resume", null, 403, 404, 404)]
    [InlineData("POST", "/api/v1/runs/none/clone", "{}", 403, 404, 404)]
    [InlineData("POST", "/api/v1/runs/none/merge", null, 403, 404, 404)]
    [InlineData("PUT", "/api/v1/aliases/none", """{"run":"none"}""", 403, 404, 404)]
    [InlineData("DELETE", "/api/v1/aliases/none", null, 403, 404, 404)]
    [InlineData("GET", "/api/v1/studies/none", null, 404, 404, 404)]
    [InlineData("POST", "/api/v1/studies?dryRun=true", "{}", 403, 400, 400)]
    [InlineData("POST", "/api/v1/studies/none/cancel", null, 403, 404, 404)]
    [InlineData("GET", "/api/v1/sweeps/none", null, 404, 404, 404)]
    [InlineData("POST", "/api/v1/sweeps?dryRun=true", """{"space":[]}""", 403, 400, 400)]
    [InlineData("POST", "/api/v1/sweeps/none/pause", null, 403, 404, 404)]
    [InlineData("POST", "/api/v1/queue/reorder", """{"runId":"none","position":"top"}""", 403, 404, 404)]
    [InlineData("PATCH", "/api/v1/queue", """{"paused":false}""", 403, 403, 200)]
    [InlineData("DELETE", "/api/v1/runs/none", null, 403, 403, 404)]
    [InlineData("GET", "/hangfire", null, 403, 403, 200)]
    [InlineData("GET", "/api/v1/keys", null, 403, 403, 200)]
    [InlineData("POST", "/api/v1/keys", "{}", 403, 403, 400)]
    [InlineData("DELETE", "/api/v1/keys/none", null, 403, 403, 404)]
    public async Task Route_WithEachScope_IsOpenOrNot(string method, string path, string? body, int read, int submit, int admin)
    {
        foreach ((ServerKey key, int expected) in new[] { (server.Read, read), (server.Submit, submit), (server.Admin, admin) })
        {
            using HttpResponseMessage response = await server.SendAsync(new HttpMethod(method), path, key, body);

            Assert.True(
                (int)response.StatusCode == expected,
                $"{key.Name}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task Run_Submitted_HasTheNameOfItsKeyAndIsFoundByIt()
    {
        using HttpResponseMessage submitted = await server.SendAsync(HttpMethod.Post, ApiRoutes.Runs, server.Submit, "{}");
        JsonNode run = JsonNode.Parse(await submitted.Content.ReadAsStringAsync())!;

        using HttpResponseMessage found = await server.SendAsync(
            HttpMethod.Get, $"{ApiRoutes.Runs}?filter={Uri.EscapeDataString("submittedBy = ci")}&fields=id,submittedBy", server.Read);

        Assert.Equal((HttpStatusCode.Created, "ci"), (submitted.StatusCode, (string?)run["submittedBy"]));
        Assert.Contains(
            JsonNode.Parse(await found.Content.ReadAsStringAsync())!["items"]!.AsArray(),
            item => (string?)item!["id"] == (string?)run["id"] && (string?)item["submittedBy"] == "ci");
    }

    [Fact]
    public async Task Key_MadeOverTheApi_OpensWhatItsScopeOpensUntilItIsRevoked()
    {
        using HttpResponseMessage made = await server.SendAsync(
            HttpMethod.Post, ApiRoutes.Keys, server.Admin, """{"name":"note book","scopes":["read"]}""");
        string text = await made.Content.ReadAsStringAsync();
        NewKey key = JsonSerializer.Deserialize<NewKey>(text, ContractJson.Options)!;
        Assert.Equal((HttpStatusCode.Created, "note book"), (made.StatusCode, key.Name));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, ApiRoutes.Runs, key.Key));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, ApiRoutes.Keys, key.Key));
        string cookie = await SignInAsync(key.Key);

        using HttpResponseMessage listed = await server.SendAsync(HttpMethod.Get, ApiRoutes.Keys, server.Admin);
        string list = await listed.Content.ReadAsStringAsync();
        KeyEntry entry = JsonSerializer.Deserialize<KeyList>(list, ContractJson.Options)!.Items.Single(item => item.Name == "note book");
        Assert.Equal((false, "owner", true), (entry.Configured, entry.CreatedBy, entry.LastUsedAt is not null));
        Assert.DoesNotContain(key.Key, list + server.Server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            key.Key, await File.ReadAllTextAsync(Path.Combine(server.Server.DataDirectory, "api-keys.json")), StringComparison.Ordinal);

        using HttpResponseMessage twice = await server.SendAsync(
            HttpMethod.Post, ApiRoutes.Keys, server.Admin, """{"name":"ci","scopes":["read"]}""");
        await IsProblemAsync(twice, HttpStatusCode.Conflict, "keyExists");

        using HttpResponseMessage revoked = await server.SendAsync(
            HttpMethod.Delete, ApiRoutes.Key(Uri.EscapeDataString("note book")), server.Admin);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Get, ApiRoutes.Runs, key.Key));
        using HttpResponseMessage session = await server.SendAsync(HttpMethod.Get, ApiRoutes.Runs, headers: ("Cookie", cookie));
        Assert.Equal(HttpStatusCode.Unauthorized, session.StatusCode);
    }

    [Fact]
    public async Task Hub_WithAKey_TalksAndWithoutOneDoesNot()
    {
        await using HubConnection known = Hub(server.Read.Secret);
        await known.StartAsync();
        Assert.True(await known.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Runs }, null) >= 0);

        await using HubConnection unknown = Hub(null);
        HttpRequestException refusal = await Assert.ThrowsAsync<HttpRequestException>(() => unknown.StartAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
    }

    internal static async Task IsProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} {body}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        JsonNode problem = JsonNode.Parse(body)!;
        Assert.Equal(code, (string?)problem["code"]);
        Assert.False(string.IsNullOrEmpty((string?)problem["detail"]), body);
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string secret)
    {
        using HttpResponseMessage response = await server.SendAsync(method, path, headers: ("Authorization", $"Bearer {secret}"));
        return response.StatusCode;
    }

    private async Task<string> SignInAsync(string secret)
    {
        using HttpResponseMessage response = await server.SendAsync(
            HttpMethod.Post, ApiRoutes.Session, body: $$"""{"key":"{{secret}}"}""");
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private HubConnection Hub(string? secret) => new HubConnectionBuilder()
        .WithUrl(new Uri(server.Server.Address, LiveHub.Path), options => options.AccessTokenProvider = () => Task.FromResult(secret))
        .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions))
        .Build();
}
