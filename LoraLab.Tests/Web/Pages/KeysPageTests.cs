using System.Text.Json.Nodes;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Machine;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The page of API keys: the configured ones, and a new one that is shown once.</summary>
public sealed class KeysPageTests : PageTest
{
    [Fact]
    public void Keys_AreListedWithTheirScopesAndTheirLastUse()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, new KeyList(
            true,
            [
                new("<i>ci</i>", ["read", "submit"], TimeProvider.System.GetUtcNow()),
                new("owner", ["read", "submit", "admin"], null),
            ]));

        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");

        page.WaitForAssertion(() => Assert.Contains("<i>ci</i>", Find(page, "keys-table").TextContent, StringComparison.Ordinal));
        string[] rows = [.. Find(page, "keys-table").QuerySelectorAll("tbody tr").Select(row => row.TextContent)];
        Assert.Contains("read, submit", rows[0], StringComparison.Ordinal);
        Assert.Contains("now", rows[0], StringComparison.Ordinal);
        Assert.Contains("not since the server was started", rows[1], StringComparison.Ordinal);
        Assert.Empty(FindAll(page, "keys-open"));
    }

    [Fact]
    public void NewKey_IsMadeInTheBrowserAndItsEntryHasTheHash()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, new KeyList(false, []));
        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "keys-open")));

        Find(page, "key-name").Change("laptop");
        Find(page, "key-scope").Change("read");
        page.Find("form").Submit();

        string secret = page.Find("pre code").TextContent;
        Assert.StartsWith(KeySecret.Prefix, secret, StringComparison.Ordinal);
        JsonNode entry = JsonNode.Parse(Find(page, "key-entry").QuerySelector("code")!.TextContent)!;
        Assert.Equal(
            ("laptop", "read", Convert.ToHexStringLower(KeySecret.HashOf(secret))),
            ((string?)entry["name"], (string?)entry["scopes"]![0], (string?)entry["sha256"]));
        Assert.Contains($"curl -sS http://localhost{ApiRoutes.Runs} -H 'Authorization: Bearer {secret}'", page.FindAll("pre code")
            .Select(code => code.TextContent));
        Assert.All(Server.Requests, request => Assert.DoesNotContain(secret, request.Body, StringComparison.Ordinal));
    }

    [Fact]
    public void NewKey_WithoutAName_IsNotMade()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, new KeyList(false, []));
        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "key-name")));

        page.Find("form").Submit();

        Assert.Empty(FindAll(page, "key-entry"));
    }
}
