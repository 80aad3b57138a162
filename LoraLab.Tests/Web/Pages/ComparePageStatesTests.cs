using System.Net;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Comparison;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>Compare at addresses that have runs which do not exist, or too many, and with names that begin alike.</summary>
public sealed class ComparePageStatesTests : PageTest
{
    private const string Study = "A long name of a study that all begin with: ";

    public ComparePageStatesTests()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Runs, new RunList([], null, 0));
        Server.Answer(HttpMethod.Get, ApiRoutes.Metrics, Array.Empty<object>());
    }

    [Fact]
    public void Page_OfRunsNoneOfWhichExists_NamesThemAndOffersToChoose()
    {
        Server.Refuse(HttpMethod.Get, ApiRoutes.Compare, HttpStatusCode.NotFound, "There is no run 'GONE'.");

        IRenderedComponent<ComparePage> page = Open<ComparePage>("compare?runs=GONE,LOST");

        page.WaitForAssertion(() => Assert.Contains(
            "There are no runs GONE, LOST; they are left out.", Find(page, "compare-missing").TextContent, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Contains(
            "Nothing to compare yet", Find(page, "empty-state").TextContent, StringComparison.Ordinal));
        Assert.Empty(FindAll(page, "compare-table"));
        Assert.DoesNotContain("Try again", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_OfRunsNoneOfWhichExists_ShowsNothingOfTheRunsBefore()
    {
        Exists("A", "B");
        IRenderedComponent<ComparePage> page = Open<ComparePage>("compare?runs=A,B");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "compare-table")));

        Server.Refuse(HttpMethod.Get, ApiRoutes.Compare, HttpStatusCode.NotFound, "There is no run 'GONE'.");
        Navigation.NavigateTo("compare?runs=GONE");

        page.WaitForAssertion(() => Assert.Empty(FindAll(page, "compare-table")));
        Assert.Contains("There is no run GONE; it is left out.", Find(page, "compare-missing").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_OfTooManyRuns_SaysThatTheOthersAreLeftOut()
    {
        // The first of them is asked for by its alias, which the address then has the id in place of.
        Exists("R1", "R2");

        string ids = string.Join(',', Enumerable.Range(1, 53).Select(i => i == 1 ? "champion" : $"R{i}"));
        IRenderedComponent<ComparePage> page = Open<ComparePage>($"compare?runs={ids}");

        page.WaitForAssertion(() => Assert.Contains(
            "The address has 53 runs; the first 50 are compared", Find(page, "compare-left-out").TextContent, StringComparison.Ordinal));
        Assert.Contains("runs=R1,R2,R3", Uri.UnescapeDataString(Navigation.Uri), StringComparison.Ordinal);
        Assert.EndsWith("R53", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_OfNamesThatBeginAlike_ShowsWhatDiffersAndKeepsTheWholeNameAtHand()
    {
        Exists("A", "B");

        IRenderedComponent<ComparePage> page = Open<ComparePage>("compare?runs=A,B&tests=list");

        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "pair-list")));
        Assert.All(
            page.FindAll(".cut"), name => Assert.DoesNotContain("A long name", name.TextContent, StringComparison.Ordinal));
        Assert.Equal(
            ["run A", "run B"], Find(page, "pair-list").QuerySelectorAll(".cut").Select(name => name.TextContent));
        Assert.Equal(Study + "run A", Find(page, "pair-list").QuerySelector(".difference-name")!.GetAttribute("title"));
    }

    private void Exists(params string[] ids)
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Compare, new CompareDocument
        {
            Missing = [.. Enumerable.Range(3, 48).Select(i => $"R{i}")],
            Rows = CompareRow.WithLabels([.. ids.Select(id => new CompareRow
            {
                RunId = id, Name = $"{Study}run {id}", Method = "lora", Color = "#2563eb", State = RunState.Completed,
            })]),
            PairedTests = new()
            {
                Tested = 1,
                Pairs = [new() { RunA = ids[0], RunB = ids[1], P = 0.5, HolmP = 0.5, Difference = 0.01, B = 3, C = 2 }],
            },
        });
        foreach (string id in ids)
        {
            Server.Answer(HttpMethod.Get, ApiRoutes.Run(id), new RunDocument
            {
                Id = id,
                Name = $"{Study}run {id}",
                Color = "#2563eb",
                Spec = new RunSpec(),
                State = RunState.Completed,
                CreatedAt = TimeProvider.System.GetUtcNow(),
            });
        }
    }
}
