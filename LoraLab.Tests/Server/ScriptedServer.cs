using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A server with the scripted worker, shared by all tests of a class.</summary>
public sealed class ScriptedServer : IAsyncLifetime
{
    internal static ServerSetup Setup { get; } = new()
    {
        WorkerPath = BuiltPrograms.ScriptedWorker,
        Environment = new Dictionary<string, string> { ["LoraLab__CancelGraceSeconds"] = "3" },
    };

    internal ServerProcess Server { get; private set; } = null!;

    internal RunApi Api => new(Server.Http);

    public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync(Setup);

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}
