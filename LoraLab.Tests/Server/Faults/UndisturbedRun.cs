using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>The results of an uninterrupted run; computed once for all tests that compare with it.</summary>
public sealed class UndisturbedRun
{
    private readonly Lazy<Task<MicroRun>> _undisturbed = new(RunAsync);

    internal Task<MicroRun> ReadAsync() => _undisturbed.Value;

    private static async Task<MicroRun> RunAsync()
    {
        await using FaultyServer server = await FaultyServer.StartAsync();
        RunDocument run = await server.Api.WaitForEndAsync((await server.Api.SubmitAsync(MicroRun.Spec)).Id);
        Assert.Equal(RunState.Completed, run.State);
        return await MicroRun.ReadAsync(server.Api, run, server.DataDirectory);
    }
}
