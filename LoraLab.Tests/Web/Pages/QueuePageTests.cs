using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Queue;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The queue: expected times, and moving runs by mouse and keyboard.</summary>
public sealed class QueuePageTests : PageTest
{
    private static readonly RunDocument[] _queued = [Run("A", 1), Run("B", 2), Run("C", 3)];

    public QueuePageTests()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Server.Answer(HttpMethod.Get, ApiRoutes.QueueForecast, new QueueForecast(new Dictionary<string, QueueTimes>
        {
            ["A"] = new(now.AddMinutes(1), now.AddMinutes(11)),
            ["B"] = new(now.AddMinutes(11), null),
        }));
        Server.Answer(HttpMethod.Get, ApiRoutes.Queue, new QueueDocument
        {
            Running =
            [
                Run("NOW", null) with { State = RunState.Running, Progress = new RunProgress { TotalSteps = 100, EtaSeconds = 60 } },
            ],
            Queued = _queued,
            Total = _queued.Length,
        });
        Server.Answer(HttpMethod.Post, ApiRoutes.QueueReorder, new QueueDocument { Queued = _queued, Total = _queued.Length });
    }

    [Fact]
    public async Task Rows_SayWhenTheyStartAndEnd()
    {
        IRenderedComponent<QueuePage> page = await OpenQueueAsync();

        page.WaitForAssertion(() => Assert.Matches(
            "^starts about (... )?[0-9]{2}:[0-9]{2}, ends about (... )?[0-9]{2}:[0-9]{2}$", FindAll(page, "queue-times")[0].TextContent));
        Assert.Matches("^starts about (... )?[0-9]{2}:[0-9]{2}$", FindAll(page, "queue-times")[1].TextContent);
        Assert.Empty(FindAll(page, "queue-times")[2].TextContent);
    }

    [Theory]
    [InlineData("A", "C", """{"runId": "A", "position": "bottom", "before": null}""")]
    [InlineData("A", "B", """{"runId": "A", "position": null, "before": "C"}""")]
    [InlineData("C", "A", """{"runId": "C", "position": null, "before": "A"}""")]
    public async Task Row_DroppedOnAnother_TakesItsPlace(string dragged, string target, string expected)
    {
        IRenderedComponent<QueuePage> page = await OpenQueueAsync();

        await Row(page, dragged).DragStartAsync(new DragEventArgs());
        await Row(page, target).DropAsync(new DragEventArgs());

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(Sent())), Sent());
    }

    [Theory]
    [InlineData("B", "ArrowUp", "up")]
    [InlineData("B", "ArrowDown", "down")]
    [InlineData("C", "Home", "top")]
    public async Task Grip_WithAKey_MovesTheRun(string id, string key, string position)
    {
        IRenderedComponent<QueuePage> page = await OpenQueueAsync();

        await Row(page, id).QuerySelector("[data-testid='grip']")!.KeyDownAsync(new KeyboardEventArgs { Key = key });

        Assert.Equal((id, position), ((string?)JsonNode.Parse(Sent())!["runId"], (string?)JsonNode.Parse(Sent())!["position"]));
        Assert.Contains(JSInterop.Invocations["loralab.focus"], call => (string?)call.Arguments[0] == $"[data-run='{id}'] .grip");
    }

    [Fact]
    public async Task Grip_OfTheFirst_DoesNotMoveUp()
    {
        IRenderedComponent<QueuePage> page = await OpenQueueAsync();

        await Row(page, "A").QuerySelector("[data-testid='grip']")!.KeyDownAsync(new KeyboardEventArgs { Key = "ArrowUp" });

        Assert.DoesNotContain(Server.Requests, request => request.Path == ApiRoutes.QueueReorder);
    }

    private static IElement Row(IRenderedComponent<QueuePage> page, string id) => page.Find($"tr[data-run='{id}']");

    private static RunDocument Run(string id, int? position) => new()
    {
        Id = id,
        Name = $"run {id}",
        Color = "#2563eb",
        State = RunState.Queued,
        Spec = new RunSpec { Model = "sample", Dataset = "sample" },
        Progress = new RunProgress { TotalSteps = 100 },
        QueuePosition = position,
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    private string Sent() => Server.Requests.Last(request => request.Path == ApiRoutes.QueueReorder).Body;

    private async Task<IRenderedComponent<QueuePage>> OpenQueueAsync()
    {
        // The layout, which is not rendered, starts it.
        await Services.GetRequiredService<QueueState>().StartAsync();
        IRenderedComponent<QueuePage> page = Open<QueuePage>("queue");
        page.WaitForAssertion(() => Assert.Equal(_queued.Length, FindAll(page, "queue-row").Count));
        return page;
    }
}
