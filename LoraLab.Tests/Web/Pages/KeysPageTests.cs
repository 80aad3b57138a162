using System.Net;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Machine;
using MudBlazor;
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
                new("owner", ["read", "submit", "admin"], null) { Configured = true },
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
    public void NewKey_IsMadeByTheServerAndShownOnce()
    {
        NewKey made = new("laptop", ["read"], TimeProvider.System.GetUtcNow(), "loralab_secret");
        List<KeyEntry> keys = [];
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, _ => new KeyList(false, [.. keys]));
        Server.Answer(HttpMethod.Post, ApiRoutes.Keys, _ =>
        {
            keys.Add(new(made.Name, made.Scopes, null) { CreatedAt = made.CreatedAt, CreatedBy = "owner" });
            return made;
        });
        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "keys-open")));

        Find(page, "key-name").Change("laptop");
        Find(page, "key-scope").Change("read");
        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.Contains("by owner", Find(page, "keys-table").TextContent, StringComparison.Ordinal));
        string[] shown = [.. Find(page, "new-key").QuerySelectorAll("pre code").Select(code => code.TextContent)];
        Assert.Equal("loralab_secret", shown[0]);
        Assert.Contains($"curl -sS http://localhost{ApiRoutes.Runs} -H 'Authorization: Bearer loralab_secret'", shown);
        Assert.Equal(
            """{"name":"laptop","scopes":["read"]}""", Server.Requests.Single(request => request.Method == HttpMethod.Post).Body);
    }

    [Fact]
    public void NewKey_WithoutAName_IsNotMade()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, new KeyList(false, []));
        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "key-name")));

        page.Find("form").Submit();

        Assert.Empty(FindAll(page, "new-key"));
        Assert.DoesNotContain(Server.Requests, request => request.Method == HttpMethod.Post);
    }

    [Fact]
    public void Refusal_OfTheServer_IsShown()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, new KeyList(true, []));
        Server.Refuse(HttpMethod.Post, ApiRoutes.Keys, HttpStatusCode.Conflict, "There is a key named 'ci' already.");
        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "key-name")));

        Find(page, "key-name").Change("ci");
        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.Equal("There is a key named 'ci' already.", Find(page, "key-refusal").TextContent));
    }

    [Fact]
    public void Revoke_AsksFirst_AndIsOfferedForMadeKeysOnly()
    {
        KeyEntry configured = new("owner", ["read", "submit", "admin"], null) { Configured = true };
        List<KeyEntry> keys = [configured, new("ci bot", ["read"], null) { CreatedAt = TimeProvider.System.GetUtcNow() }];
        Server.Answer(HttpMethod.Get, ApiRoutes.Keys, _ => new KeyList(true, [.. keys]));
        Server.Answer(HttpMethod.Delete, ApiRoutes.Key("ci%20bot"), _ =>
        {
            keys.RemoveAt(1);
            return "";
        });
        IRenderedComponent<MudDialogProvider> dialogs = Render<MudDialogProvider>();
        IRenderedComponent<KeysPage> page = Open<KeysPage>("keys");
        page.WaitForAssertion(() => Assert.Single(FindAll(page, "revoke-key")));

        Find(page, "revoke-key").Click();
        dialogs.WaitForAssertion(() => Assert.Contains("Revoke ci bot?", dialogs.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain(Server.Requests, request => request.Method == HttpMethod.Delete);
        dialogs.Find("[data-testid='confirm']").Click();

        page.WaitForAssertion(() => Assert.Empty(FindAll(page, "revoke-key")));
        Assert.DoesNotContain("ci bot", Find(page, "keys-table").TextContent, StringComparison.Ordinal);
    }
}
