using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Machine;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Machine;
using LoraLab.Web.State;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The nodes on the page of the system.</summary>
public sealed class NodesCardTests : PageTest
{
    private static readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    [Fact]
    public void Nodes_ShowTheirStateAndRuns_AndCanBeDrained()
    {
        NodeEntry[] nodes =
        [
            Node("away") with { LeaseUntil = _now.AddMinutes(-5) },
            Node("busy") with { Runs = ["2nnaaaaaaa"], Labels = ["8gb"] },
            Node("drained") with { Draining = true },
            Node("web") with { Role = "Web", Devices = [] },
        ];
        Server.Answer(HttpMethod.Patch, ApiRoutes.Node("busy"), nodes[1] with { Draining = true });
        bool changed = false;

        IRenderedComponent<NodesCard> card = Render<NodesCard>(parameters => parameters
            .Add(page => page.Nodes, nodes).Add(page => page.OnChanged, () => changed = true));

        Assert.Equal(
            ["away Away", "busy Busy", "drained Drained", "web Serves pages"],
            card.FindAll("[data-testid=node]").Select(row => $"{row.Children[0].TextContent} {row.Children[1].TextContent}"));
        Assert.Equal("runs/2nnaaaaaaa", card.Find("[data-node=busy] a").GetAttribute("href"));
        Assert.Equal(3, card.FindAll("[data-testid=drain-node]").Count);
        Assert.Equal("Take runs again", card.Find("[data-node=drained] button").TextContent.Trim());

        card.Find("[data-node=busy] button").Click();

        card.WaitForAssertion(() => Assert.True(changed));
        Assert.Contains(Server.Requests, request => request.Method == HttpMethod.Patch && request.Body.Contains("\"draining\":true"));
    }

    [Fact]
    public void Nodes_WithSamples_ShowTheirMemoryAndLoad_UnlessTheyAreOld()
    {
        SystemSample sample = new()
        {
            Node = "busy",
            UsedMemoryMb = 2048,
            TotalMemoryMb = 8192,
            CpuLoad = 0.41,
            Gpus = [new() { Id = "cuda:0", Name = "GPU", UsedMemoryMb = 1024, TotalMemoryMb = 4096 }],
        };

        IRenderedComponent<NodesCard> card = Render<NodesCard>(parameters => parameters
            .Add(page => page.Nodes, [Node("busy"), Node("silent"), Node("unknown")])
            .Add(page => page.Samples, new Dictionary<string, TimedSample>
            {
                ["busy"] = new(_now, sample),
                ["silent"] = new(_now.AddMinutes(-2), sample),
            }));

        Assert.Equal(
            "2.00 GiB / 8.00 GiB, cuda:0 1.00 GiB / 4.00 GiB", card.Find("[data-node=busy] [data-testid=node-memory]").TextContent);
        Assert.Contains("41%", card.Find("[data-node=busy]").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("GiB", card.Find("[data-node=silent]").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("GiB", card.Find("[data-node=unknown]").TextContent, StringComparison.Ordinal);
    }

    private static NodeEntry Node(string name) => new()
    {
        Name = name,
        Role = "Worker",
        Devices = ["cuda:0"],
        LeaseUntil = _now.AddMinutes(2),
        LastSeen = _now,
    };
}
