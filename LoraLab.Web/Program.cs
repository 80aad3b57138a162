using LoraLab.Web;
using LoraLab.Web.Api;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;

WebAssemblyHostBuilder builder = WebAssemblyHostBuilder.CreateDefault(args);
builder.RootComponents.Add<App>("#app");
builder.RootComponents.Add<HeadOutlet>("head::after");
builder.Services.AddDashboard(new(builder.HostEnvironment.BaseAddress), new HttpClientHandler());

WebAssemblyHost host = builder.Build();
SessionState session = host.Services.GetRequiredService<SessionState>();
host.Services.GetRequiredService<SignedOutHandler>().SignedOut += session.RedirectToSignIn;
host.Services.GetRequiredService<LiveClient>().SignedOut += session.RedirectToSignIn;
await host.RunAsync();
