using System.Text.Json.Nodes;
using LoraLab.Server.Security;
using LoraLab.Server.Storage.Records;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>Keys are replaced in the configuration file while the server is running.</summary>
public sealed class KeyRotationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ServerKey _old = new("old", "admin");
    private readonly ServerKey _fresh = new("fresh", "read");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task File_Changed_AddsAndTakesAwayKeys()
    {
        using ApiKeyRing ring = Open(_old);
        Assert.NotNull(ring.Find(_old.Secret));

        Write(_old, _fresh);
        await UntilAsync(() => ring.Find(_fresh.Secret) is not null);
        Assert.NotNull(ring.Find(_old.Secret));

        Write(_fresh);
        await UntilAsync(() => ring.Find(_old.Secret) is null);
        Assert.Equal(["read"], ring.Find(_fresh.Secret)!.Scopes);
    }

    [Fact]
    public async Task File_WithoutTheLastKey_ShutsEverybodyOut()
    {
        using ApiKeyRing ring = Open(_old);

        Write();
        await UntilAsync(() => ring.Find(_old.Secret) is null);

        Assert.True(ring.Required);
    }

    [Fact]
    public async Task File_WithAnError_LeavesTheKeysAsTheyAre()
    {
        using ApiKeyRing ring = Open(_old);

        Write(_fresh with { Scopes = "everything" }, _old);
        await Task.Delay(1500);

        Assert.NotNull(ring.Find(_old.Secret));
        Assert.Null(ring.Find(_fresh.Secret));
    }

    private ApiKeyRing Open(params ServerKey[] keys) =>
        new(
            new ConfigurationBuilder().AddJsonFile(Write(keys), optional: false, reloadOnChange: true).Build(),
            new KeyFile(KeyPlace.PathsIn(_folder)),
            NullLogger<ApiKeyRing>.Instance,
            TimeProvider.System);

    private string Write(params ServerKey[] keys)
    {
        JsonArray list =
        [
            .. keys.Select(key => new JsonObject { ["name"] = key.Name, ["scopes"] = new JsonArray(key.Scopes), ["sha256"] = key.Sha256 }),
        ];
        return _folder.Write("appsettings.json", new JsonObject { ["LoraLab"] = new JsonObject { ["ApiKeys"] = list } }.ToJsonString());
    }

    private static async Task UntilAsync(Func<bool> reached)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        while (!reached())
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
