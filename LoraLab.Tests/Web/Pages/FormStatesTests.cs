using System.Net;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.NewRun;
using LoraLab.Web.Pages.Studies;
using LoraLab.Web.Pages.Sweeps;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>
/// The forms while they load, without the server, and without what they start from. After a lost connection, a form that has never loaded
/// does, and one that has keeps what was typed.
/// </summary>
public sealed class FormStatesTests : PageTest, IClassFixture<LiveHubServer>
{
    private const string Loading = "[role='status'][aria-label='Loading']";

    private static readonly Dictionary<string, Func<FormStatesTests, string, IRenderedComponent<IComponent>>> _forms = new()
    {
        ["run"] = (test, query) => test.Open<NewRunPage>("runs/new" + query),
        ["study"] = (test, query) => test.Open<NewStudyPage>("studies/new" + query),
        ["sweep"] = (test, query) => test.Open<NewSweepPage>("sweeps/new" + query),
    };

    private readonly LiveHubServer _hub;

    public FormStatesTests(LiveHubServer hub) : base(hub)
    {
        _hub = hub;
        Server.Answer(HttpMethod.Get, ApiRoutes.Models, Array.Empty<ModelEntry>());
        Server.Answer(HttpMethod.Get, ApiRoutes.Datasets, Array.Empty<DatasetEntry>());
        Server.Answer(HttpMethod.Get, ApiRoutes.StudyTemplates, Array.Empty<StudyTemplate>());
        foreach (string check in (string[])[ApiRoutes.Runs, ApiRoutes.Studies, ApiRoutes.Sweeps])
        {
            Server.Refuse(HttpMethod.Post, check, HttpStatusCode.ServiceUnavailable, "The trainer is starting.");
        }
    }

    public static TheoryData<string> All => [.. _forms.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void Form_WhileItLoads_ShowsASkeletonAlone(string name)
    {
        TaskCompletionSource<object> models = Server.Hold(HttpMethod.Get, ApiRoutes.Models);
        IRenderedComponent<IComponent> page = _forms[name](this, "");
        Assert.NotEmpty(page.FindAll(Loading));
        Assert.Empty(page.FindAll(".form-grid"));

        models.SetResult(Array.Empty<ModelEntry>());

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll(".form-grid")));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Form_WithoutTheServer_SaysSoAndLoadsWhenItIsBack(string name)
    {
        await Services.GetRequiredService<LiveClient>().ConnectAsync();
        Server.BreakOff(HttpMethod.Get, ApiRoutes.Models);
        IRenderedComponent<IComponent> page = _forms[name](this, "");
        page.WaitForAssertion(
            () => Assert.Contains("The server cannot be reached.", Find(page, "empty-state").TextContent, StringComparison.Ordinal));

        Server.Answer(HttpMethod.Get, ApiRoutes.Models, Array.Empty<ModelEntry>());
        _hub.BreakOff();

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll(".form-grid")));
        Assert.Empty(page.FindAll("[data-testid='empty-state']"));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("sweep")]
    public async Task Form_AfterALostConnection_KeepsWhatWasTyped(string name)
    {
        LiveClient live = Services.GetRequiredService<LiveClient>();
        await live.ConnectAsync();
        IRenderedComponent<IComponent> page = _forms[name](this, "");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("#f-rank")));
        page.Find("#f-rank").Input("5");
        int before = Server.Requests.Count(request => request.Path == ApiRoutes.Models);
        TaskCompletionSource back = new();
        live.Reconnected += back.SetResult;

        _hub.BreakOff();
        await back.Task.WaitAsync(DefaultWaitTimeout, Xunit.TestContext.Current.CancellationToken);

        Assert.Equal("5", page.Find("#f-rank").GetAttribute("value"));
        Assert.Equal(before, Server.Requests.Count(request => request.Path == ApiRoutes.Models));
    }

    [Fact]
    public void StudyName_TooLong_IsNotCutAndHasTheSentenceOfTheServer()
    {
        const string Sentence = "name must have at most 100 characters; it has 101.";
        Server.RefuseFields(HttpMethod.Post, ApiRoutes.Studies, HttpStatusCode.BadRequest, Sentence, "name");
        IRenderedComponent<IComponent> page = _forms["study"](this, "");
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("#f-name")));
        string name = new('x', 101);

        page.Find("#f-name").Input(name);

        page.WaitForAssertion(() => Assert.Contains(Sentence, page.Find("[data-field='name']").TextContent, StringComparison.Ordinal));
        Assert.Equal(name, page.Find("#f-name").GetAttribute("value"));
        Assert.False(page.Find("#f-name").HasAttribute("maxlength"));
    }

    [Theory]
    [InlineData("run", "runs")]
    [InlineData("study", "studies")]
    public void Form_FromWhatDoesNotExist_NamesTheIdAndLeadsBack(string name, string back)
    {
        Server.Refuse(HttpMethod.Get, name == "run" ? ApiRoutes.Run("GONE") : ApiRoutes.Study("GONE"), HttpStatusCode.NotFound, "Gone.");

        IRenderedComponent<IComponent> page = _forms[name](this, "?from=GONE");

        page.WaitForAssertion(() => Assert.Contains("with the ID GONE", Find(page, "empty-state").TextContent, StringComparison.Ordinal));
        Assert.Equal(back, page.Find("[data-testid='empty-state'] a").GetAttribute("href"));
    }
}
