using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace LoraLab.Tests.Web.Support;

/// <summary>
/// Renders a page of the dashboard in process, with its own services and a server that the test scripts. Unless the test has a
/// <see cref="LiveHubServer"/>, there is no live connection: what the page loads over REST is all that it shows.
/// </summary>
public abstract class PageTest : BunitContext
{
    private protected PageTest(LiveHubServer? hub = null)
    {
        // Waiting ends as soon as the page is as expected; a busy machine may need long to get there.
        DefaultWaitTimeout = TimeSpan.FromSeconds(60);
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddDashboard(hub?.Address ?? new Uri("http://localhost/"), Server, liveWait: TimeSpan.Zero);
        Server.Answer(HttpMethod.Get, ApiRoutes.Methods, Array.Empty<MethodDescriptor>());
    }

    private protected FakeServer Server { get; } = new();

    private protected NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    /// <summary>Opens a page at an address, whose query its parameters are read from.</summary>
    private protected IRenderedComponent<TPage> Open<TPage>(
        string address, Action<ComponentParameterCollectionBuilder<TPage>>? parameters = null) where TPage : IComponent
    {
        Navigation.NavigateTo(address);
        // Menus and tooltips of the page refuse to render without it.
        Render<MudPopoverProvider>();
        return Render(parameters ?? (_ => { }));
    }

    /// <summary>The one element with a <c>data-testid</c>.</summary>
    private protected static AngleSharp.Dom.IElement Find<TPage>(IRenderedComponent<TPage> page, string id) where TPage : IComponent =>
        page.Find($"[data-testid='{id}']");

    /// <summary>All elements with a <c>data-testid</c>.</summary>
    private protected static IReadOnlyList<AngleSharp.Dom.IElement> FindAll<TPage>(IRenderedComponent<TPage> page, string id)
        where TPage : IComponent => page.FindAll($"[data-testid='{id}']");
}
