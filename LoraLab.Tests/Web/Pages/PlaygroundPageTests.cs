using System.Net;
using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Playground;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The playground: what it asks, and what it shows of answers and refusals.</summary>
public sealed class PlaygroundPageTests : PageTest
{
    public PlaygroundPageTests()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Models, new[] { new ModelEntry { Name = "sample", Usable = true } });
        Server.Answer(HttpMethod.Get, ApiRoutes.Datasets, new[]
        {
            Data("sample", ["sentence"], ["negative", "positive"]), Data("pairs", ["premise", "hypothesis"], ["yes", "no"]),
        });
        Server.Answer(HttpMethod.Get, ApiRoutes.Runs, new RunList([Run("A", "sample"), Run("B", "sample"), Run("P", "pairs")], null, 3));
    }

    [Fact]
    public void Page_WhileItLoads_ShowsASkeleton()
    {
        TaskCompletionSource<object> runs = Server.Hold(HttpMethod.Get, ApiRoutes.Runs);

        IRenderedComponent<PlaygroundPage> page = Open<PlaygroundPage>("playground");
        Assert.NotEmpty(page.FindAll("[role='status']"));

        runs.SetResult(new RunList([], null, 0));
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "playground-form")));
    }

    [Fact]
    public void Page_WithoutTheServer_OffersToTryAgain()
    {
        Server.BreakOff(HttpMethod.Get, ApiRoutes.Runs);

        IRenderedComponent<PlaygroundPage> page = Open<PlaygroundPage>("playground");

        page.WaitForAssertion(
            () => Assert.Contains("The server cannot be reached.", Find(page, "empty-state").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void Page_OfRunsOneOfWhichDoesNotExist_LeavesItOut()
    {
        Server.Refuse(HttpMethod.Get, ApiRoutes.Run("GONE"), HttpStatusCode.NotFound, "There is no run GONE.");

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?runs=GONE,A");

        Assert.Contains("GONE", Find(page, "play-unknown").TextContent, StringComparison.Ordinal);
        Assert.Equal("run A", Find(page, "play-runs").QuerySelector("a")!.TextContent);
        Assert.True(Find(page, "play-model").HasAttribute("disabled"));
    }

    [Fact]
    public void Page_OfRunsWhoseNamesBeginAlike_ShowsWhatDiffers()
    {
        const string Study = "A long name of a study that all begin with: ";
        RunDocument a = Run("A", "sample") with { Name = Study + "lora" }, b = Run("B", "sample") with { Name = Study + "pissa" };
        Server.Answer(HttpMethod.Get, ApiRoutes.Runs, new RunList([a, b], null, 2));
        Server.Answer(HttpMethod.Post, ApiRoutes.Predict, new ModelPredictResult
        {
            Answers = [Answer(null, [-0.1, -2.3]), Answer("A", [-3, -0.25]), Answer("B", [-0.2, -2])],
        });

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?runs=A,B&text=good");
        page.Find("form").Submit();
        page.WaitForAssertion(() => Assert.Equal(3, FindAll(page, "answer").Count));

        Assert.Equal(["lora", "pissa"], Find(page, "play-runs").QuerySelectorAll("a").Select(name => name.TextContent));
        Assert.Equal(a.Name, Find(page, "play-runs").QuerySelector("a")!.GetAttribute("title"));
        Assert.Equal(["sample (base)", "lora", "pissa"], FindAll(page, "answer").Select(it => it.QuerySelector("h3")!.TextContent));
    }

    [Fact]
    public void Ask_ListOfRuns_SendsEachLineAndShowsWhereTheyDisagree()
    {
        Server.Answer(HttpMethod.Post, ApiRoutes.Predict, new ModelPredictResult
        {
            Answers = [Answer(null, [-0.1, -2.3], [-0.5, -1]), Answer("A", [-3, -0.25], [-0.2, -2])],
        });

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?runs=A&input=list&text=good%20film%0A%0Abad%20film");
        page.Find("form").Submit();
        page.WaitForAssertion(() => Assert.Equal(2, FindAll(page, "answered-input").Count));

        JsonNode sent = JsonNode.Parse(Sent().Body)!;
        Assert.Equal("""[{"sentence":"good film"},{"sentence":"bad film"}]""", sent["inputs"]!.ToJsonString());
        Assert.Equal("""["A"]""", sent["runs"]!.ToJsonString());
        Assert.Equal("sample", (string?)sent["model"]);
        Assert.Null(sent["template"]);
        IReadOnlyList<IElement> inputs = FindAll(page, "answered-input");
        Assert.Contains("they disagree", inputs[0].TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("they disagree", inputs[1].TextContent, StringComparison.Ordinal);
        IReadOnlyList<IElement> answers = FindAll(page, "answer");
        Assert.Contains("sample (base)", answers[0].TextContent, StringComparison.Ordinal);
        Assert.Equal("positive", answers[1].QuerySelector(".play-label")!.TextContent);
        Assert.Contains("margin 2.75", answers[1].TextContent, StringComparison.Ordinal);
        Assert.Contains("cpu", Find(page, "playground-answers").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Ask_ModelAlone_SendsPromptAndLabelsOfTheDataset()
    {
        Server.Answer(HttpMethod.Post, ApiRoutes.Predict, new ModelPredictResult
        {
            Items = [new() { Prompt = "p", Scores = [-1, -2], Predicted = 0 }],
            Labels = ["yes", "no"],
            Device = "cpu",
        });

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?dataset=pairs&text=It%20rains.%09It%20is%20wet.");
        Assert.Equal(["It rains.", "It is wet."], FindAll(page, "play-cell").Select(cell => cell.GetAttribute("value")));
        page.Find("form").Submit();
        page.WaitForAssertion(() => Assert.Equal("yes", page.Find(".play-label").TextContent));

        JsonNode sent = JsonNode.Parse(Sent().Body)!;
        Assert.Equal("""[{"premise":"It rains.","hypothesis":"It is wet."}]""", sent["inputs"]!.ToJsonString());
        Assert.Equal("""["yes","no"]""", sent["labels"]!.ToJsonString());
        Assert.Equal("prompt of pairs", (string?)sent["template"]);
        Assert.Null(sent["runs"]);
    }

    [Fact]
    public void Ask_Prompt_SendsItWithTheLimitsAndShowsTheText()
    {
        Server.Answer(HttpMethod.Post, ApiRoutes.Predict, new ModelPredictResult
        {
            Items = [new() { Prompt = "Once", Generated = " upon a time", GeneratedTokens = 3, Stop = "length" }],
            Device = "cpu",
        });

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?input=prompt&text=Once&tokens=3");
        page.Find("form").Submit();
        page.WaitForAssertion(() => Assert.Contains("upon a time", Find(page, "answer").TextContent, StringComparison.Ordinal));

        JsonNode sent = JsonNode.Parse(Sent().Body)!;
        Assert.Equal(("Once", 3), ((string?)sent["prompt"], (int)sent["generate"]!["maxTokens"]!));
        Assert.Null(sent["inputs"]);
        Assert.Contains("cut at the maximum", Find(page, "answer").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Ask_Refused_ShowsTheReasonAndStaysUsable()
    {
        Server.Refuse(HttpMethod.Post, ApiRoutes.Predict, HttpStatusCode.Conflict, "The adapter of run A was deleted to save space.");

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?runs=A&text=good");
        page.Find("form").Submit();

        page.WaitForAssertion(
            () => Assert.Equal("The adapter of run A was deleted to save space.", Find(page, "play-problem").TextContent.Trim()));
        Assert.False(Find(page, "play-ask").HasAttribute("disabled"));
    }

    [Fact]
    public void Ask_RunsChangedMeanwhile_IsCancelled()
    {
        TaskCompletionSource<object> answer = Server.Hold(HttpMethod.Post, ApiRoutes.Predict);

        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?runs=A&text=good");
        page.Find("form").Submit();
        page.WaitForAssertion(() => Assert.True(Find(page, "play-ask").HasAttribute("disabled")));
        Find(page, "play-runs").QuerySelector("button")!.Click();
        page.WaitForAssertion(() => Assert.False(Find(page, "play-ask").HasAttribute("disabled")));

        answer.SetResult(new ModelPredictResult { Answers = [Answer("A", [-1, -2])] });
        Assert.Empty(FindAll(page, "playground-answers"));
        Assert.Empty(FindAll(page, "play-problem"));
    }

    [Theory]
    [InlineData("playground?runs=A", "Give an input.")]
    [InlineData(
        "playground?runs=P&input=list&text=only%20one%20column",
        "Line 1 has 1 column, separated by tabs; expected 2 (premise, hypothesis).")]
    [InlineData("playground?runs=A&input=list&text=1%0A2%0A3%0A4%0A5%0A6%0A7%0A8%0A9%0A10%0A11%0A12%0A13%0A14%0A15%0A16%0A17", "17 inputs")]
    public void Ask_WhatCannotBeAsked_IsSaidWithoutARequest(string address, string expected)
    {
        IRenderedComponent<PlaygroundPage> page = OpenForm(address);
        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.Contains(expected, Find(page, "play-problem").TextContent, StringComparison.Ordinal));
        Assert.DoesNotContain(Server.Requests, request => request.Method == HttpMethod.Post);
    }

    [Fact]
    public void Choices_AreKeptInTheAddress()
    {
        IRenderedComponent<PlaygroundPage> page = OpenForm("playground?runs=A");

        // P is of another dataset, but of the same model and task; A is chosen.
        Assert.Equal(["", "B", "P"], Find(page, "play-add").QuerySelectorAll("option").Select(option => option.GetAttribute("value")));
        Find(page, "play-add").Change("B");
        page.WaitForAssertion(() => Assert.EndsWith("?runs=A,B", Navigation.Uri, StringComparison.Ordinal));
        Find(page, "play-base").Change(false);
        Find(page, "play-list").Click();
        Assert.EndsWith("?runs=A,B&base=0&input=list", Navigation.Uri, StringComparison.Ordinal);
    }

    private IRenderedComponent<PlaygroundPage> OpenForm(string address)
    {
        IRenderedComponent<PlaygroundPage> page = Open<PlaygroundPage>(address);
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "playground-form")));
        return page;
    }

    private SentRequest Sent() => Assert.Single(Server.Requests, request => request.Method == HttpMethod.Post);

    private static DatasetEntry Data(string name, IReadOnlyList<string> columns, IReadOnlyList<string> labels) =>
        new() { Name = name, Usable = true, Columns = columns, Labels = labels, Prompt = $"prompt of {name}" };

    private static RunDocument Run(string id, string dataset) => new()
    {
        Id = id,
        Name = $"run {id}",
        Color = "#2563eb",
        State = RunState.Completed,
        Spec = new RunSpec { Model = "sample", Dataset = dataset },
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    private static PredictResult Answer(string? run, params double[][] scores) => new()
    {
        Run = run,
        Model = "sample",
        Labels = ["negative", "positive"],
        Device = "cpu",
        Items = [.. scores.Select(pair => new PredictedItem { Prompt = "p", Scores = pair, Predicted = pair[0] > pair[1] ? 0 : 1 })],
    };
}
