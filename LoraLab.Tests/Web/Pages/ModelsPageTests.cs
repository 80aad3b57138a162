using System.Net;
using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Catalog;
using MudBlazor;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>Models &amp; data: downloads, uploads, rows and deletion, in each of their states.</summary>
public sealed class ModelsPageTests : PageTest
{
    private static readonly DatasetEntry _reviews = new()
    {
        Name = "reviews",
        Usable = true,
        Task = "classification",
        Columns = ["review"],
        Labels = ["bad", "good"],
        TrainRows = 90,
        EvalRows = 10,
        Deletable = true,
    };

    public ModelsPageTests()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Models, new[] { new ModelEntry { Name = "sample", Usable = true } });
        Server.Answer(HttpMethod.Get, ApiRoutes.Datasets, new[] { _reviews });
        Server.Answer(HttpMethod.Get, ApiRoutes.Pulls, new PullList([], ["sst2", "mnli"]));
        Server.Answer(HttpMethod.Get, ApiRoutes.Uploads, new UploadList([]));
    }

    [Fact]
    public void Page_AfterAReload_ShowsTheDownloadsOfTheServer()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Pulls, new PullList(
            [
                Pull("3", PullState.Running) with
                {
                    File = "model.safetensors", Files = 1, TotalFiles = 3, Bytes = 1 << 20, TotalBytes = 4 << 20,
                },
                Pull("2", PullState.Failed) with { Error = "The hub has no repository 'owner/tiny'." },
                Pull("1", PullState.Interrupted) with { Error = "The server was stopped during the download; start it again." },
            ],
            ["sst2"]));

        IRenderedComponent<ModelsPage> page = OpenLoaded();

        IReadOnlyList<IElement> rows = FindAll(page, "pull");
        Assert.Equal(["downloading", "failed", "interrupted"], FindAll(page, "pull-state").Select(state => state.TextContent));
        Assert.Contains("1 of 3 files", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("model.safetensors", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Equal("0.25", rows[0].QuerySelector("progress")!.GetAttribute("value"));
        Assert.Contains("no repository", rows[1].TextContent, StringComparison.Ordinal);
        Assert.Contains("server was stopped", rows[2].TextContent, StringComparison.Ordinal);
        Assert.Single(FindAll(page, "pull-cancel"));
        Assert.Equal(2, FindAll(page, "pull-again").Count);
    }

    [Fact]
    public void Download_Started_IsSentAndShown_AndARefusalIsASentence()
    {
        Server.Answer(HttpMethod.Post, ApiRoutes.ModelsPull, Pull("9", PullState.Queued));
        IRenderedComponent<ModelsPage> page = OpenLoaded();
        Assert.True(Find(page, "pull-start").HasAttribute("disabled"));

        Find(page, "pull-name").Input("owner/tiny");
        Find(page, "pull-revision").Change("v2");
        Find(page, "pull-panel").QuerySelector("form")!.Submit();
        page.WaitForAssertion(() => Assert.Single(FindAll(page, "pull")));

        JsonNode sent = JsonNode.Parse(Server.Requests.Single(request => request.Path == ApiRoutes.ModelsPull).Body)!;
        Assert.Equal(("owner/tiny", "v2"), ((string?)sent["name"], (string?)sent["revision"]));

        Server.Refuse(HttpMethod.Post, ApiRoutes.DatasetsPull, HttpStatusCode.Forbidden, "This request requires the scope admin.");
        Find(page, "pull-kind").Change("Dataset");
        Find(page, "pull-name").Change("sst2");
        Find(page, "pull-panel").QuerySelector("form")!.Submit();
        page.WaitForAssertion(
            () => Assert.Equal("This request requires the scope admin.", Find(page, "pull-failure").TextContent));
    }

    [Fact]
    public void Download_Cancelled_AsksTheServer()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Pulls, new PullList([Pull("3", PullState.Running)], []));
        Server.Answer(HttpMethod.Post, ApiRoutes.Pull("3", "cancel"), Pull("3", PullState.Running));
        IRenderedComponent<ModelsPage> page = OpenLoaded();

        Find(page, "pull-cancel").Click();

        page.WaitForAssertion(() => Assert.Contains(Server.Requests, request => request.Path == ApiRoutes.Pull("3", "cancel")));
    }

    [Fact]
    public void Page_WithoutDownloads_StaysUsable()
    {
        Server.Refuse(HttpMethod.Get, ApiRoutes.Pulls, HttpStatusCode.ServiceUnavailable, "The trainer does not exist.");

        IRenderedComponent<ModelsPage> page = OpenLoaded();

        page.WaitForAssertion(() => Assert.Equal("The trainer does not exist.", Find(page, "pull-failure").TextContent));
        Assert.NotEmpty(FindAll(page, "datasets-table"));
    }

    [Fact]
    public void Upload_Sent_ShowsItsPreview_WhoseMappingIsEditedAndKept()
    {
        UploadDocument upload = Upload();
        JSInterop.Setup<SentUpload>("loralab.upload", _ => true)
            .SetResult(new(201, System.Text.Json.JsonSerializer.Serialize(upload, ContractJson.Options), false));
        Server.Answer(HttpMethod.Patch, ApiRoutes.Upload("u1"), upload with { Name = "renamed" });
        Server.Answer(HttpMethod.Post, ApiRoutes.Upload("u1", "keep"), _reviews);
        IRenderedComponent<ModelsPage> page = OpenLoaded();

        Find(page, "upload-train-file").Change("C:\\fakepath\\reviews.csv");
        Find(page, "upload-send").Click();
        page.WaitForAssertion(() => Assert.Single(FindAll(page, "upload")));

        Assert.Contains("split off with seed 42", Find(page, "upload-eval").TextContent, StringComparison.Ordinal);
        Assert.Contains("bad 45 · good 45", Find(page, "upload-train").TextContent, StringComparison.Ordinal);
        Assert.Equal(["Two texts have different labels."], FindAll(page, "upload-warning").Select(warning => warning.TextContent));
        Assert.Contains("<b>not markup</b>", Find(page, "row-table").TextContent, StringComparison.Ordinal);
        Assert.True(Find(page, "upload-update").HasAttribute("disabled"));

        FindAll(page, "upload-role")[0].Change("text");
        FindAll(page, "upload-word")[0].Change("terrible");
        Find(page, "upload-name").Change("renamed");
        Assert.True(Find(page, "upload-keep").HasAttribute("disabled"));
        Find(page, "upload-update").Click();
        page.WaitForAssertion(() => Assert.False(Find(page, "upload-keep").HasAttribute("disabled")));

        JsonNode patch = JsonNode.Parse(Server.Requests.Single(request => request.Method == HttpMethod.Patch).Body)!;
        Assert.Equal("renamed", (string?)patch["name"]);
        Assert.Equal("""["id","review"]""", patch["manifest"]!["columns"]!.ToJsonString());
        Assert.Equal("""{"0":"terrible","1":"good"}""", patch["manifest"]!["labelValues"]!.ToJsonString());
        Assert.Equal("""["terrible","good"]""", patch["manifest"]!["labels"]!.ToJsonString());
        Assert.Null(patch["manifest"]!["train"]);

        Find(page, "upload-keep").Click();
        page.WaitForAssertion(() => Assert.Empty(FindAll(page, "upload")));
    }

    [Fact]
    public void Upload_ColumnWithoutName_IsMappedByItsNumber()
    {
        UploadDocument upload = Upload();
        UploadedTable table = upload.Preview.Files[0];
        Server.Answer(HttpMethod.Get, ApiRoutes.Uploads, new UploadList([upload with
        {
            Preview = upload.Preview with { Files = [table with { Columns = [new() { Name = "1" }, .. table.Columns.Skip(1)] }] },
        }]));
        Server.Answer(HttpMethod.Patch, ApiRoutes.Upload("u1"), upload);
        IRenderedComponent<ModelsPage> page = OpenLoaded();
        page.WaitForAssertion(() => Assert.Single(FindAll(page, "upload")));

        FindAll(page, "upload-role")[0].Change("text");
        Find(page, "upload-update").Click();

        page.WaitForAssertion(() => Assert.Contains(Server.Requests, request => request.Method == HttpMethod.Patch));
        JsonNode patch = JsonNode.Parse(Server.Requests.Single(request => request.Method == HttpMethod.Patch).Body)!;
        Assert.Equal("""{"text1":1,"text2":"review"}""", patch["manifest"]!["columns"]!.ToJsonString());
    }

    [Fact]
    public void Upload_SeedThatIsNone_SaysSoInsteadOfBeingLeftOut()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Uploads, new UploadList([Upload()]));
        IRenderedComponent<ModelsPage> page = OpenLoaded();
        page.WaitForAssertion(() => Assert.Single(FindAll(page, "upload")));

        Find(page, "upload-seed").Change("4.5");

        Assert.Contains("whole number", Find(page, "upload-seed-problem").TextContent, StringComparison.Ordinal);
        Assert.True(Find(page, "upload-update").HasAttribute("disabled"));

        Find(page, "upload-seed").Change("7");

        Assert.Empty(FindAll(page, "upload-seed-problem"));
        Assert.False(Find(page, "upload-update").HasAttribute("disabled"));
    }

    [Fact]
    public void Upload_ThatCannotBeUsedYet_SaysWhyAndIsNotKept()
    {
        UploadDocument upload = Upload();
        Server.Answer(HttpMethod.Get, ApiRoutes.Uploads, new UploadList(
            [upload with { Preview = upload.Preview with { Entry = null, Problem = "None of the columns looks like a label." } }]));

        IRenderedComponent<ModelsPage> page = OpenLoaded();

        page.WaitForAssertion(
            () => Assert.Equal("None of the columns looks like a label.", Find(page, "upload-problem").TextContent));
        Assert.True(Find(page, "upload-keep").HasAttribute("disabled"));
    }

    [Theory]
    [InlineData(400, """{"detail": "bad/train.csv is encoded as UTF-16; save it as UTF-8."}""", "UTF-16")]
    [InlineData(413, "<html>", "The server refused the upload (413).")]
    [InlineData(0, "", "LoraLab:Limits:UploadMb")]
    public void Upload_Refused_IsASentence(int status, string body, string expected)
    {
        JSInterop.Setup<SentUpload>("loralab.upload", _ => true).SetResult(new(status, body, false));
        IRenderedComponent<ModelsPage> page = OpenLoaded();

        Find(page, "upload-train-file").Change("C:\\fakepath\\reviews.csv");
        Find(page, "upload-send").Click();

        page.WaitForAssertion(() => Assert.Contains(expected, Find(page, "upload-refusal").TextContent, StringComparison.Ordinal));
        Assert.Empty(FindAll(page, "upload"));
    }

    [Fact]
    public void Rows_OfADataset_HaveTheTokensOfTheChosenModel()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.DatasetRows, new DatasetRows(
            "reviews", "train", 90, [new() { Row = 0, Columns = new Dictionary<string, string> { ["review"] = "fine" }, Label = "good" }]));
        Server.Answer(HttpMethod.Post, ApiRoutes.Tokenize, new TokenizeResult([new([7, 8], ["fi", "ne"])]));

        IRenderedComponent<ModelsPage> page = OpenLoaded("models?rows=reviews");
        page.WaitForAssertion(() => Assert.Contains("fine", Find(page, "samples").TextContent, StringComparison.Ordinal));
        Assert.Empty(FindAll(page, "row-tokens"));
        Find(page, "samples-model").Change("sample");

        page.WaitForAssertion(() => Assert.Equal(
            ["fi", "ne"], Find(page, "row-tokens").QuerySelectorAll("code").Select(piece => piece.TextContent)));
    }

    [Fact]
    public void Delete_Confirmed_NamesWhatIsDeleted_AndARefusalIsShown()
    {
        Server.Refuse(
            HttpMethod.Delete, $"{ApiRoutes.Datasets}/reviews", HttpStatusCode.Conflict, "The dataset 'reviews' is used by run 1.");
        IRenderedComponent<MudDialogProvider> dialogs = Render<MudDialogProvider>();
        IRenderedComponent<ModelsPage> page = OpenLoaded();

        Find(page, "delete-dataset").Click();
        dialogs.WaitForAssertion(() => Assert.Contains("'reviews'", dialogs.Markup, StringComparison.Ordinal));
        dialogs.Find("[data-testid='confirm']").Click();

        page.WaitForAssertion(
            () => Assert.Equal("The dataset 'reviews' is used by run 1.", Find(page, "library-refusal").TextContent));
        Assert.Empty(FindAll(page, "delete-model"));
    }

    private static PullDocument Pull(string id, PullState state) => new() { Id = id, Name = "owner/tiny", State = state };

    private static UploadDocument Upload() => new()
    {
        Id = "u1",
        Name = "reviews",
        FileNames = ["reviews.csv"],
        Bytes = 1000,
        Seed = 42,
        Preview = new()
        {
            Manifest = new()
            {
                ["train"] = "train.csv",
                ["eval"] = "eval.csv",
                ["columns"] = new JsonArray("review"),
                ["labelColumn"] = "stars",
                ["labels"] = new JsonArray("bad", "good"),
                ["labelValues"] = new JsonObject { ["0"] = "bad", ["1"] = "good" },
            },
            Files =
            [
                new()
                {
                    Name = "train.csv",
                    Format = "csv",
                    Delimiter = ",",
                    Header = true,
                    Rows = 100,
                    Columns = [new() { Name = "id" }, new() { Name = "review" }, new() { Name = "stars" }],
                },
            ],
            Entry = _reviews with { TrainLabels = new Dictionary<string, int> { ["bad"] = 45, ["good"] = 45 } },
            Split = new(42, 90, 10),
            Warnings = ["Two texts have different labels."],
            Rows = [new() { Row = 0, Columns = new Dictionary<string, string> { ["review"] = "<b>not markup</b>" }, Label = "good" }],
        },
    };

    private IRenderedComponent<ModelsPage> OpenLoaded(string address = "models")
    {
        IRenderedComponent<ModelsPage> page = Open<ModelsPage>(address);
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "pull-panel")));
        return page;
    }
}
