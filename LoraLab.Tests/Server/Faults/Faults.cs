using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Fault tests run alone, one after the other: they mean to disturb a server and not each other's clocks.</summary>
[CollectionDefinition(nameof(Faults), DisableParallelization = true)]
public sealed class Faults : ICollectionFixture<Faults>
{
    private readonly Lazy<Task<MicroRun>> undisturbed = new(RunAsync);

    /// <summary>What a run comes to that nobody disturbs.</summary>
    internal Task<MicroRun> UndisturbedAsync() => undisturbed.Value;

    private static async Task<MicroRun> RunAsync()
    {
        await using FaultyServer server = await FaultyServer.StartAsync();
        RunDocument run = await server.Api.WaitForEndAsync((await server.Api.SubmitAsync(MicroRun.Spec)).Id);
        Assert.Equal(RunState.Completed, run.State);
        return await MicroRun.ReadAsync(server.Api, run, server.DataDirectory);
    }
}
