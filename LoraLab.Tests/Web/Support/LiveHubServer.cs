using System.Collections.Concurrent;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LoraLab.Tests.Web.Support;

/// <summary>A live hub on a port of its own: sends the events that a test writes, and breaks connections off.</summary>
public sealed class LiveHubServer : IAsyncLifetime
{
    private WebApplication? _app;

    internal Uri Address { get; private set; } = null!;

    private Connections Open => _app!.Services.GetRequiredService<Connections>();

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.Services.AddSingleton<Connections>();
        builder.Services.AddSignalR().AddJsonProtocol(protocol => ContractJson.Apply(protocol.PayloadSerializerOptions));
        _app = builder.Build();
        _app.UseRouting();
        _app.MapHub<Hub>(LiveHub.Path);
        await _app.StartAsync();
        Address = new Uri(_app.Urls.Single() + "/");
    }

    public async ValueTask DisposeAsync() => await _app!.DisposeAsync();

    /// <summary>Sends an event to every connection, whatever it has subscribed to.</summary>
    internal Task SendAsync(string type, string? runId, object data) =>
        _app!.Services.GetRequiredService<IHubContext<Hub>>().Clients.All.SendAsync(
            LiveHub.Event,
            new LiveEvent(0, runId, type, TimeProvider.System.GetUtcNow(), JsonSerializer.SerializeToElement(data, ContractJson.Options)));

    /// <summary>Records an event, which is sent to those who subscribe after an earlier number.</summary>
    internal void Record(long seq, string type, string? runId, object data) => Open.Recorded.Add(
        new LiveEvent(seq, runId, type, TimeProvider.System.GetUtcNow(), JsonSerializer.SerializeToElement(data, ContractJson.Options)));

    /// <summary>Ends every connection; clients connect again by themselves.</summary>
    internal void BreakOff()
    {
        foreach (HubCallerContext connection in Open.All.Values)
        {
            connection.Abort();
        }
    }

    private sealed class Connections
    {
        public ConcurrentDictionary<string, HubCallerContext> All { get; } = [];

        // Every event goes to every connection; a page ignores what it has not asked for.
        public List<string> Topics { get; } = [];

        public List<LiveEvent> Recorded { get; } = [];
    }

    private sealed class Hub(Connections connections) : Microsoft.AspNetCore.SignalR.Hub
    {
        public override Task OnConnectedAsync()
        {
            connections.All[Context.ConnectionId] = Context;
            return Task.CompletedTask;
        }

        public override Task OnDisconnectedAsync(Exception? exception)
        {
            connections.All.TryRemove(Context.ConnectionId, out _);
            return Task.CompletedTask;
        }

        public async Task Subscribe(string[] topics, long? afterSeq)
        {
            connections.Topics.AddRange(topics);
            foreach (LiveEvent missed in connections.Recorded.Where(live => live.Seq > afterSeq))
            {
                await Clients.Caller.SendAsync(LiveHub.Event, missed);
            }
        }

        public void Unsubscribe(string[] topics) => connections.Topics.RemoveAll(topics.Contains);
    }
}
