using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>A server with the real trainer that has the small models of all families.</summary>
public sealed class FamilyServer : IAsyncLifetime
{
    internal ServerProcess Server { get; private set; } = null!;

    internal RunApi Api => new(Server.Http);

    /// <summary>The trainer with the same folders, and a root folder for other models.</summary>
    internal TrainerProgram Trainer(string? models = null) => new(Server.DataDirectory) { Models = models ?? Fixtures.Golden("families") };

    public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync(new ServerSetup
    {
        Environment = new Dictionary<string, string> { ["LoraLab__ModelDirectories__0"] = Fixtures.Golden("families") },
    });

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}
