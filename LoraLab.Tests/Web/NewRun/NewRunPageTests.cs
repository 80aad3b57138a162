using System.Net;
using System.Text.Json.Nodes;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.NewRun;
using Xunit;

namespace LoraLab.Tests.Web.NewRun;

/// <summary>The form of a new run: what it shows of the server's dry run before anything is queued.</summary>
public sealed class NewRunPageTests : PageTest
{
    private static readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public NewRunPageTests()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Methods, new[] { Method("lora", "LoRA"), Method("pissa", "PiSSA") });
        Server.Answer(HttpMethod.Get, ApiRoutes.Models, Array.Empty<ModelEntry>());
        Server.Answer(HttpMethod.Get, ApiRoutes.Datasets, Array.Empty<DatasetEntry>());
        Server.Answer(HttpMethod.Post, ApiRoutes.Runs, request => Planned((string?)JsonNode.Parse(request.Body)!["method"] ?? "lora"));
        Server.Answer(HttpMethod.Post, ApiRoutes.Estimate, new MemoryEstimate { TotalMb = 512 });
    }

    [Fact]
    public void Preview_ShowsTimeStartAndRunsOfTheSameSpecification()
    {
        IRenderedComponent<NewRunPage> page = Open<NewRunPage>("runs/new");

        page.WaitForAssertion(() => Assert.StartsWith("about 1", Find(page, "plan-time").TextContent, StringComparison.Ordinal));
        string start = _now.AddHours(2).ToLocalTime().ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal($"starts about {start}, behind 3 queued runs", Find(page, "plan-start").TextContent);
        AngleSharp.Dom.IElement same = Find(page, "plan-same");
        Assert.Contains("was run already", same.TextContent, StringComparison.Ordinal);
        Assert.Equal("runs/0abc123def", same.QuerySelector("a")!.GetAttribute("href"));
    }

    [Fact]
    public void AllMethods_PreviewsParametersMemoryAndTimeOfEach()
    {
        IRenderedComponent<NewRunPage> page = Open<NewRunPage>("runs/new?methods=all");

        page.WaitForAssertion(() => Assert.Equal(
            ["LoRA|1,000|512 MiB", "PiSSA|2,000|512 MiB"],
            FindAll(page, "plan-method").Select(row => string.Join('|', row.Children.Take(3).Select(cell => cell.TextContent.Trim())))));
        Assert.All(FindAll(page, "plan-method"), row => Assert.NotEqual("", row.Children[3].TextContent.Trim()));
    }

    [Fact]
    public void Clone_OfARunThatLeftFieldsOpen_KeepsThemOpenAndShowsWhatWasUsed()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run("1"), new RunDocument
        {
            Id = "1",
            Name = "warm lion",
            Color = "#2563eb",
            State = RunState.Completed,
            Spec = new RunSpec { Precision = Precision.Fp32, Rank = 4 },
        });
        Server.Answer(HttpMethod.Get, ApiRoutes.Run("1", "clone"), new CloneTemplate(
            new RunSpec { Rank = 4 }, new Dictionary<string, string> { ["precision"] = "fp32", ["packTokens"] = "4096" }));

        IRenderedComponent<NewRunPage> page = Open<NewRunPage>("runs/new?from=1");

        page.WaitForAssertion(() => Assert.Equal("4", page.Find("#f-rank").GetAttribute("value")));
        page.WaitForAssertion(() => Assert.Contains(Server.Requests, request => request.Method == HttpMethod.Post));
        JsonNode sent = JsonNode.Parse(Server.Requests.First(request => request.Method == HttpMethod.Post).Body)!;
        Assert.Equal((4, null), ((int?)sent["rank"], (string?)sent["precision"]));
        const string Folded = "button.ghost[aria-expanded='false']";
        while (page.FindAll(Folded) is [var more, ..] folded)
        {
            // A second click before the first is rendered would fold it again.
            more.Click();
            page.WaitForState(() => page.FindAll(Folded).Count < folded.Count);
        }

        Assert.Contains("that run used fp32", page.Find("[data-field='precision']").TextContent, StringComparison.Ordinal);
        Assert.Contains("that run used 4096", page.Find("[data-field='packTokens']").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Priority_OutOfBounds_SaysSoInTheFieldWithItsLabelInTheSummary()
    {
        const string Sentence = "priority is 2000000; it must be between -1000000 and 1000000.";
        Server.RefuseFields(HttpMethod.Post, ApiRoutes.Runs, HttpStatusCode.BadRequest, Sentence, "priority");

        IRenderedComponent<NewRunPage> page = Open<NewRunPage>("runs/new");
        page.WaitForAssertion(() => Assert.Equal(Sentence, Find(page, "error-priority").TextContent));

        Assert.Contains("Priority: " + Sentence, Find(page, "plan-errors").TextContent, StringComparison.Ordinal);
        Assert.True(Find(page, "queue-run").HasAttribute("disabled"));
    }

    private static MethodDescriptor Method(string id, string name) => new()
    {
        Id = id,
        Name = name,
        Summary = name,
        Formula = "",
        Trains = "",
        Start = "",
        Source = "",
        Color = "#2563eb",
        DefaultLearningRate = 2e-4,
    };

    private static DryRunResult Planned(string method) => new()
    {
        Spec = new RunSpec { Method = method, LearningRate = 2e-4 },
        Name = method + " r8",
        TotalSteps = 100,
        TrainableParameters = method == "lora" ? 1000 : 2000,
        Seconds = 90,
        SecondsBasis = "Median of 3 completed runs.",
        StartsAt = _now.AddHours(2),
        RunsBefore = 3,
        SameRuns = [new("0abc123def", "warm lion", RunState.Completed)],
    };
}
