using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The trainer's GPU readings, on their way to the page.</summary>
public sealed class GpuReadingTests
{
    [Fact]
    public async Task GpuReadings_AreInTheSystemDocumentAndInEverySample()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(
            ScriptedServer.Setup with { Environment = new Dictionary<string, string> { ["SCRIPTED_GPU"] = "1" } });
        TaskCompletionSource<SystemSample> sample = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HubConnection hub = new HubConnectionBuilder().WithUrl(new Uri(server.Address, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions)).Build();
        hub.On<LiveEvent>(LiveHub.Event, live => sample.TrySetResult(live.Data.Deserialize<SystemSample>(ContractJson.Options)!));
        await hub.StartAsync();

        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.System }, null);
        SystemDocument system = await new RunApi(server.Http).ReadAsync<SystemDocument>(ApiRoutes.System);
        DeviceEntry live = Assert.Single((await sample.Task.WaitAsync(TimeSpan.FromSeconds(30))).Gpus);

        Assert.Equal(("cuda:0", 0.93, 71, 162.4), (live.Id, live.Utilization, live.TemperatureCelsius, live.PowerWatts));
        Assert.Equal(live, system.Devices.Single(device => device.Id == "cuda:0"));
        Assert.All([system.Devices[0].Utilization, system.Devices[0].TemperatureCelsius, system.Devices[0].PowerWatts], Assert.Null);
    }
}
