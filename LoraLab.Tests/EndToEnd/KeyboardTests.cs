using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The pages without a mouse: shortcuts, menus, dialogs and the queue; the focus returns to where it came from.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class KeyboardTests(ScriptedDashboard dashboard)
{
    private const string Spec = """{"notes": "steps=4"}""";

    [Fact]
    [Trait("Category", "Long")]
    public async Task Shortcuts_LeadToPagesAndTheirSheetGivesTheFocusBack()
    {
        IPage page = await dashboard.OpenAsync("/system");
        ILocator refresh = page.GetByRole(AriaRole.Button, new() { Name = "Refresh" });
        await refresh.FocusAsync();

        await page.Keyboard.PressAsync("?");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Keyboard shortcuts");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Expect(refresh).ToBeFocusedAsync();

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("q");
        await Dashboard.ArriveAsync(page, "^/queue$");
        await page.Keyboard.PressAsync("/");
        await Expect(page.GetByRole(AriaRole.Searchbox, new() { Name = "Search runs" })).ToBeFocusedAsync();
        // What is typed is text, not a shortcut.
        await page.Keyboard.TypeAsync("g r?");
        await page.Keyboard.PressAsync("Enter");
        await Dashboard.ArriveAsync(page, @"^/runs\?q=g%20r%3F$");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Run_QueuedMovedAndDeleted_WithKeysAlone()
    {
        using HttpResponseMessage paused = await dashboard.Server.Http.PatchAsync(ApiRoutes.Queue, RunApi.Json("""{"paused": true}"""));
        RunDocument first = await dashboard.Api.SubmitAsync(Spec);
        RunDocument second = await dashboard.Api.SubmitAsync(Spec);
        IPage page = await dashboard.OpenAsync("/queue");
        ILocator grip = page.Locator($"tr[data-run='{second.Id}']").GetByTestId("grip");
        await grip.FocusAsync();
        await page.Keyboard.PressAsync("ArrowUp");
        await Expect(page.GetByTestId("queue-row").First).ToHaveAttributeAsync("data-run", second.Id);
        await Expect(grip).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.GetByTestId("queue-row").First).ToHaveAttributeAsync("data-run", first.Id);

        using HttpResponseMessage resumed = await dashboard.Server.Http.PatchAsync(ApiRoutes.Queue, RunApi.Json("""{"paused": false}"""));
        await dashboard.Api.WaitForEndAsync(first.Id);
        await dashboard.Api.WaitForEndAsync(second.Id);
        await Dashboard.FollowAsync(page, "/runs");
        ILocator menu = page.Locator($"tr[data-run='{second.Id}'] .end button").First;
        await menu.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        ILocator delete = page.GetByRole(AriaRole.Menuitem, new() { Name = "Delete…" });
        await ChooseAsync(page, delete);
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Expect(menu).ToBeFocusedAsync();

        await page.Keyboard.PressAsync("Enter");
        await ChooseAsync(page, delete);
        await page.GetByTestId("confirm").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator($"tr[data-run='{second.Id}']")).ToHaveCountAsync(0);
        await dashboard.GiveBackAsync(page);
    }

    /// <summary>Goes down an open menu to an item, and chooses it.</summary>
    private static async Task ChooseAsync(IPage page, ILocator item)
    {
        await item.WaitForAsync();
        for (int i = 0; i < 10 && !await item.EvaluateAsync<bool>("element => element === document.activeElement"); i++)
        {
            await page.Keyboard.PressAsync("ArrowDown");
            await page.WaitForTimeoutAsync(150);
        }

        await Expect(item).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
    }
}
