using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Tests.Server;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>A queue of three thousand runs, which once took 4.7 MB and a page of 111,193 nodes.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class LongQueueTests(ScriptedDashboard dashboard)
{
    private const int Waiting = 3000;

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Queue_ThreeThousandRuns_IsPagedVirtualizedAndCancelledAtOnce()
    {
        using TemporaryFolder folder = new();
        Fill(folder.Path);
        await using ServerProcess server = await ServerProcess.StartAsync(
            ScriptedServer.Setup with { DataDirectory = Path.Combine(folder.Path, "data") });
        RunApi api = new(server.Http);
        string body = await server.Http.GetStringAsync(ApiRoutes.Queue);
        QueueDocument queue = JsonSerializer.Deserialize<QueueDocument>(body, ContractJson.Options)!;
        Assert.Equal((Waiting, 200), (queue.Total, queue.Queued.Count));
        Assert.True(body.Length < 600_000, $"The first page has {body.Length} bytes.");
        await RequireShortEventAsync(server);

        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.OpenAsync(context, new Uri(server.Address, "/queue"));
        await Expect(page.GetByTestId("queued-count")).ToHaveTextAsync("3,000 runs");
        await Expect(page.GetByTestId("queue-row").First).ToBeVisibleAsync();
        await RequireSmallAsync(page);
        await ScrollToEndAsync(page);
        await RequireSmallAsync(page);

        await page.GetByTestId("cancel-all").ClickAsync();
        await page.GetByTestId("confirm").ClickAsync();
        await Expect(page.GetByText("Removed 3,000 runs from the queue.")).ToBeVisibleAsync();
        await Expect(page.GetByTestId("queue-row")).ToHaveCountAsync(0);
        Assert.Equal(0, (await api.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Total);
        Assert.Equal(RunState.Cancelled, (await api.GetAsync(Id(0))).State);
    }

    /// <summary>Scrolls like a user, who scrolls again if the page was still loading.</summary>
    private static async Task ScrollToEndAsync(IPage page)
    {
        ILocator last = page.Locator($"tr[data-run='{Id(Waiting - 1)}']");
        for (int i = 0; i < 60 && await last.CountAsync() == 0; i++)
        {
            await page.GetByTestId("queue-rows").EvaluateAsync("rows => { rows.scrollTop -= 300; rows.scrollTop = rows.scrollHeight; }");
            await Task.Delay(500);
        }

        await Expect(last).ToBeVisibleAsync();
    }

    private static async Task RequireSmallAsync(IPage page)
    {
        int nodes = await page.EvaluateAsync<int>("document.getElementsByTagName('*').length");
        Assert.True(nodes < 6000, $"The page has {nodes} elements.");
    }

    private static async Task RequireShortEventAsync(ServerProcess server)
    {
        TaskCompletionSource<QueueDocument> heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HubConnection hub = new HubConnectionBuilder()
            .WithUrl(new Uri(server.Address, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions))
            .Build();
        hub.On<LiveEvent>(LiveHub.Event, live =>
        {
            if (live.Type == LiveEventTypes.QueueChanged)
            {
                heard.TrySetResult(live.Data.Deserialize<QueueDocument>(ContractJson.Options)!);
            }
        });
        await hub.StartAsync();
        // Ahead of the store: the reply is a snapshot.
        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Queue }, 1_000_000_000L);
        QueueDocument queue = await heard.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((Waiting, 50), (queue.Total, queue.Queued.Count));
    }

    private static void Fill(string folder)
    {
        using StoreOnDisk disk = new(folder);
        StoredRun[] runs = [.. Enumerable.Range(0, Waiting).Select(i => StoreOnDisk.Run(Id(i)) with { Position = i })];
        disk.Store.Transact(StoreScope.Everything, transaction =>
        {
            transaction.SetPaused(true);
            foreach (StoredRun run in runs)
            {
                transaction.Put(run);
            }
        });
    }

    private static string Id(int number) => $"2bz4k{number:00000}";
}
