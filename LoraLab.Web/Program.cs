using LoraLab.Web;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;
using Microsoft.JSInterop;
using MudBlazor;
using MudBlazor.Services;

WebAssemblyHostBuilder builder = WebAssemblyHostBuilder.CreateDefault(args);
builder.RootComponents.Add<App>("#app");
builder.RootComponents.Add<HeadOutlet>("head::after");

Uri baseAddress = new(builder.HostEnvironment.BaseAddress);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<SignedOutHandler>();
builder.Services.AddSingleton(services => new HttpClient(services.GetRequiredService<SignedOutHandler>()) { BaseAddress = baseAddress });
builder.Services.AddSingleton<LabApi>();
builder.Services.AddSingleton(services => new LiveClient(baseAddress, services.GetRequiredService<IJSRuntime>()));
builder.Services.AddSingleton<SessionState>();
builder.Services.AddSingleton<QueueState>();
builder.Services.AddSingleton<SystemState>();
builder.Services.AddSingleton<CatalogState>();
builder.Services.AddSingleton<ThemeState>();
builder.Services.AddSingleton<Ticker>();
builder.Services.AddScoped<RunActions>();
builder.Services.AddScoped<PageUrl>();
builder.Services.AddMudServices(services =>
{
    services.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
    services.SnackbarConfiguration.VisibleStateDuration = 5000;
    services.SnackbarConfiguration.ShowTransitionDuration = 120;
    services.SnackbarConfiguration.HideTransitionDuration = 120;
    services.SnackbarConfiguration.PreventDuplicates = true;
});

WebAssemblyHost host = builder.Build();
SessionState session = host.Services.GetRequiredService<SessionState>();
host.Services.GetRequiredService<SignedOutHandler>().SignedOut += session.RedirectToSignIn;
host.Services.GetRequiredService<LiveClient>().SignedOut += session.RedirectToSignIn;
await host.RunAsync();
