using System.Net;
using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Run;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The predictions of a run: texts, filters, and the details of a row.</summary>
public sealed class RunPredictionsTests : PageTest
{
    private const string Prompt = "Classify: dull\nSentiment:";

    private static readonly RunDocument _run = new()
    {
        Id = "RUN1",
        Name = "warm lion",
        Color = "#2563eb",
        State = RunState.Completed,
        Spec = new RunSpec { Model = "sample" },
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    private static readonly string _route = ApiRoutes.Run(_run.Id, "predictions");

    public RunPredictionsTests() => Server.Answer(HttpMethod.Get, _route, new PredictionSet(
        4,
        ["negative", "positive"],
        [
            new Prediction(7, 0, 1, [-2.5, -0.25])
            {
                Columns = new Dictionary<string, string> { ["sentence"] = "dull" },
                Prompt = Prompt,
                History = [new(0, 1, false, 0.5, null), new(2, 0, true, 1, null), new(4, 1, false, 2.25, null)],
            },
        ])
    {
        Rows = 10,
        Total = 1,
        Confusion = [[0, 1], [0, 0]],
    });

    [Fact]
    public void Rows_ShowTextLabelsMarginAndHowThePredictionMoved()
    {
        IRenderedComponent<RunPredictions> page = OpenTab(new());

        IElement row = Find(page, "prediction-row");
        Assert.Equal("dull", row.QuerySelector(".prediction-text")!.TextContent.Trim());
        Assert.Equal("2.25", row.QuerySelectorAll("td.num")[^1].TextContent);
        Assert.Equal(
            "positive (wrong) from step 0, negative (right) from step 2, positive (wrong) from step 4",
            Find(page, "prediction-trail").GetAttribute("aria-label"));
        Assert.Empty(FindAll(page, "prediction-detail"));
    }

    [Theory]
    [InlineData("show-confident", "confident")]
    [InlineData("show-flipped", "flipped")]
    public void Filter_Chosen_IsInTheAddressAndInTheRequest(string button, string show)
    {
        IRenderedComponent<RunPredictions> page = OpenTab(new(At: "50"));

        Find(page, button).Click();

        Assert.EndsWith($"?show={show}", Navigation.Uri, StringComparison.Ordinal);
        page.Render(parameters => parameters.Add(tab => tab.Address, new PredictionAddress(Show: show)));
        page.WaitForAssertion(() => Assert.Contains($"show={show}", Server.Requests[^1].Query, StringComparison.Ordinal));
        Assert.Equal("true", Find(page, button).GetAttribute("aria-pressed"));
    }

    [Fact]
    public void Row_Opened_ShowsPromptTokensAndEvaluations()
    {
        Server.Answer(
            HttpMethod.Post, ApiRoutes.Tokenize, new TokenizeResult([new TokenizedText([1, 40, 13], ["<s>", "▁Classify", "\n"])]));

        IRenderedComponent<RunPredictions> page = OpenTab(new(Row: "7"));
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "tokens")));

        JsonNode sent = JsonNode.Parse(Server.Requests.Single(request => request.Path == ApiRoutes.Tokenize).Body)!;
        Assert.Equal(("sample", Prompt), ((string?)sent["model"], (string?)sent["texts"]![0]));
        Assert.Equal(["<s>", "▁Classify", "⏎"], Find(page, "tokens").Children.Select(token => token.TextContent));
        Assert.Equal("token 40", Find(page, "tokens").Children[1].GetAttribute("title"));
        Assert.Equal(3, FindAll(page, "prediction-point").Count);
        Assert.Equal("true", Find(page, "row-details").GetAttribute("aria-expanded"));
    }

    [Fact]
    public void Row_WhoseTokensAreRefused_KeepsThePrompt()
    {
        Server.Refuse(HttpMethod.Post, ApiRoutes.Tokenize, HttpStatusCode.ServiceUnavailable, "The trainer is starting.");

        IRenderedComponent<RunPredictions> page = OpenTab(new(Row: "7"));

        page.WaitForAssertion(
            () => Assert.Contains("The trainer is starting.", Find(page, "prediction-detail").TextContent, StringComparison.Ordinal));
        Assert.Equal(Prompt, page.Find(".prediction-detail pre").TextContent);
    }

    [Fact]
    public void Rows_Refused_OfferToTryAgain()
    {
        Server.Refuse(HttpMethod.Get, _route, HttpStatusCode.NotFound, "Run RUN1 has no predictions at step 4.");

        IRenderedComponent<RunPredictions> page = Open<RunPredictions>("runs/RUN1", parameters => Parameters(parameters, new()));

        page.WaitForAssertion(
            () => Assert.Contains("no predictions at step 4", Find(page, "empty-state").TextContent, StringComparison.Ordinal));
    }

    private IRenderedComponent<RunPredictions> OpenTab(PredictionAddress address)
    {
        IRenderedComponent<RunPredictions> page = Open<RunPredictions>("runs/RUN1", parameters => Parameters(parameters, address));
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "prediction-row")));
        return page;
    }

    private static void Parameters(ComponentParameterCollectionBuilder<RunPredictions> parameters, PredictionAddress address) => parameters
        .Add(tab => tab.Address, address)
        .Add(tab => tab.Run, _run)
        .Add(tab => tab.Evaluations, new MetricSeries { X = [0, 2, 4], Y = [0.7, 0.6, 0.5] });
}
