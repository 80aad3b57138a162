using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.State;
using Microsoft.JSInterop;
using MudBlazor;
using MudBlazor.Services;

namespace LoraLab.Web;

/// <summary>The services of the dashboard, in the browser and in tests of its pages.</summary>
internal static class DashboardServices
{
    /// <summary>Adds the services.</summary>
    /// <param name="services">Where they are added.</param>
    /// <param name="address">Base address of the server, with a slash at the end.</param>
    /// <param name="transport">Sends the requests; it is disposed with the services.</param>
    /// <param name="liveWait">How long a page waits for the live connection before it loads; null: two seconds.</param>
    public static void AddDashboard(this IServiceCollection services, Uri address, HttpMessageHandler transport, TimeSpan? liveWait = null)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => new SeqHandler(transport));
        services.AddSingleton(provider => new SignedOutHandler(provider.GetRequiredService<SeqHandler>()));
        services.AddSingleton(provider => new HttpClient(provider.GetRequiredService<SignedOutHandler>()) { BaseAddress = address });
        services.AddSingleton<LabApi>();
        services.AddSingleton(provider => new LiveClient(
            address, provider.GetRequiredService<IJSRuntime>(), () => provider.GetRequiredService<SeqHandler>().First, liveWait));
        services.AddSingleton<SessionState>();
        services.AddSingleton<QueueState>();
        services.AddSingleton<SystemState>();
        services.AddSingleton<CatalogState>();
        services.AddSingleton<PullsState>();
        services.AddSingleton<ThemeState>();
        services.AddSingleton<RunNotices>();
        services.AddSingleton<Ticker>();
        services.AddScoped<RunActions>();
        services.AddScoped<BulkActions>();
        services.AddScoped<PageUrl>();
        services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            options.SnackbarConfiguration.VisibleStateDuration = 5000;
            options.SnackbarConfiguration.ShowTransitionDuration = 120;
            options.SnackbarConfiguration.HideTransitionDuration = 120;
            options.SnackbarConfiguration.PreventDuplicates = true;
        });
    }
}
