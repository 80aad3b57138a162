using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Machine;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Machine;
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

    private static NodeEntry Node(string name) => new()
    {
        Name = name,
        Role = "Worker",
        Devices = ["cuda:0"],
        LeaseUntil = _now.AddMinutes(2),
        LastSeen = _now,
    };
}
