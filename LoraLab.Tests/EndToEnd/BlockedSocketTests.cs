using System.Text.RegularExpressions;
using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>WebSockets that are blocked in any way: the dashboard stays live by long polling, and says so.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class BlockedSocketTests(ScriptedDashboard dashboard)
{
    [Fact]
    [Trait("Category", "Long")]
    public Task Dashboard_WithoutWebSockets_IsLiveByLongPolling() =>
        Dashboard_WebSocketsBlocked_IsLiveByLongPolling("missing", "delete window.WebSocket; window.WebSocket = undefined;");

    [Theory]
    [Trait("Category", "Exhaustive")]
    [InlineData("constructor", "window.WebSocket = class { constructor() { throw new DOMException('blocked', 'SecurityError'); } };")]
    [InlineData("not a constructor", "window.WebSocket = () => { throw new Error('blocked'); };")]
    [InlineData("handshake", "const Real = WebSocket; window.WebSocket = class extends Real {"
        + "  constructor(url, protocols) { super(url.replace('/hubs/live', '/hubs/blocked'), protocols); } };")]
    [InlineData("dies", "const Real = WebSocket; window.WebSocket = class extends Real {"
        + "  constructor(url, protocols) { super(url, protocols); this.onopened = () => setTimeout(() => this.close(), 400);"
        + "    this.addEventListener('open', this.onopened); } };")]
    [InlineData("closes at once", "const Real = WebSocket; window.WebSocket = class extends Real {"
        + "  constructor(url, protocols) { super(url, protocols); this.addEventListener('open', () => this.close()); } };")]
    [InlineData("mute", "const Real = WebSocket; window.WebSocket = class extends Real { send() {} };")]
    [InlineData("never opens", "window.WebSocket = class extends EventTarget {"
        + "  constructor(url) { super(); this.url = url; this.readyState = 0; } send() {} close() {} };")]
    public async Task Dashboard_WebSocketsBlocked_IsLiveByLongPolling(string how, string script)
    {
        await using IBrowserContext context = await dashboard.NewContextAsync();
        await context.AddInitScriptAsync($"(() => {{ {script} }})();");
        IPage page = await Dashboard.OpenAsync(context, new Uri(dashboard.Server.Address, "runs"));

        await Expect(page.GetByTestId("live-state")).ToContainTextAsync("Live by long polling");
        await Expect(page.GetByTestId("live-state")).ToHaveAttributeAsync("title", new Regex("WebSockets are blocked"));
        string name = $"without sockets: {how}";
        RunDocument run = await dashboard.Api.SubmitAsync($$"""{"name":"{{name}}","notes":"steps=3"}""");
        await Expect(page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = name, Exact = true }).First).ToBeVisibleAsync();
        await dashboard.Api.WaitForEndAsync(run.Id);
        await page.CloseAsync();
    }
}
