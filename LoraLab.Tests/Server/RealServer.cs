using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A server with the real trainer, shared by all tests of a class.</summary>
public sealed class RealServer : IAsyncLifetime
{
    internal ServerProcess Server { get; private set; } = null!;

    internal RunApi Api => new(Server.Http);

    public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}
