using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>A server with the scripted worker and very short timeouts.</summary>
public sealed class ImpatientServer : IAsyncLifetime
{
    internal ServerProcess Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync(new ServerSetup
    {
        WorkerPath = BuiltPrograms.ScriptedWorker,
        Environment = new Dictionary<string, string> { ["LoraLab__CancelGraceSeconds"] = "2", ["LoraLab__StallSeconds"] = "1" },
    });

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}
