using LoraLab.Contracts;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Security;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>Keys that are made while a server runs, in a file and in PostgreSQL.</summary>
public sealed class MadeKeysTests
{
    private static readonly NewKeyRequest _admin = new("owner", ["admin"]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Key_Made_IsValidUntilItIsRevokedAndAfterARestart(bool postgres)
    {
        using KeyPlace place = new(postgres);
        IKeyStore store = place.Open();
        using ApiKeyRing ring = KeyPlace.Ring(store);
        KeyService service = KeyPlace.Service(ring, store);
        Assert.False(ring.Required);

        NewKey owner = service.Create(_admin, "this machine");
        NewKey reader = service.Create(new("ci bot", ["submit"]), "owner");

        Assert.Equal(["read", "submit"], ring.Find(reader.Key)!.Scopes);
        IKeyStore again = place.Open();
        using ApiKeyRing restarted = KeyPlace.Ring(again);
        Assert.True(restarted.Required);
        Assert.Equal("ci bot", restarted.Find(reader.Key)!.Name);
        Assert.Equal(["ci bot", "owner"], restarted.Entries.Select(key => key.Name));
        Assert.Equal((false, "owner"), (restarted.Entries[0].Configured, restarted.Entries[0].CreatedBy));
        Assert.All(again.Read(), key => Assert.DoesNotContain(owner.Key, key.ToString(), StringComparison.Ordinal));

        KeyPlace.Service(restarted, again).Revoke("ci bot", "owner");
        Assert.Null(restarted.Find(reader.Key));
        Assert.NotNull(restarted.Find(owner.Key));
        Assert.Equal(["owner"], place.Open().Read().Select(key => key.Name));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Use_IsStoredAtMostOnceAMinute(bool postgres)
    {
        using KeyPlace place = new(postgres);
        IKeyStore store = place.Open();
        using ApiKeyRing ring = KeyPlace.Ring(store);
        NewKey key = KeyPlace.Service(ring, store).Create(_admin, null);
        ring.StoreUses();
        Assert.Null(place.Open().Read().Single().LastUsedAt);

        ring.Find(key.Key);
        ring.StoreUses();
        DateTimeOffset first = place.Open().Read().Single().LastUsedAt!.Value;
        ring.Refresh();
        ring.Find(key.Key);
        ring.StoreUses();

        Assert.Equal(first, place.Open().Read().Single().LastUsedAt);
        Assert.True(ring.Entries.Single().LastUsedAt > first);
    }

    [Fact]
    public async Task Key_OfOneNode_IsKnownAndRevokedOnTheOther()
    {
        using KeyPlace place = new(postgres: true);
        IKeyStore here = place.Open();
        using ApiKeyRing ring = KeyPlace.Ring(here);
        using ApiKeyRing other = KeyPlace.Ring(place.Open());
        using KeyUpkeep upkeep = new(other, TimeProvider.System, NullLogger<KeyUpkeep>.Instance);
        await upkeep.StartAsync(TestContext.Current.CancellationToken);
        KeyService service = KeyPlace.Service(ring, here);

        service.Create(_admin, null);
        NewKey key = service.Create(new("ci", ["read"]), null);
        await UntilAsync(() => other.Find(key.Key) is not null);
        service.Revoke("ci", null);
        await UntilAsync(() => other.Find(key.Key) is null);

        await upkeep.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Name_GivenTwice_IsRefused(bool postgres)
    {
        ServerKey configured = new("configured", "admin");
        using KeyPlace place = new(postgres);
        IKeyStore store = place.Open();
        using ApiKeyRing ring = KeyPlace.Ring(store, configured);
        KeyService service = KeyPlace.Service(ring, store);
        service.Create(new("made", ["read"]), null);

        Assert.Contains("There is a key named 'configured'", Refusal(() => service.Create(new(" configured ", ["read"]), null)).Message);
        Assert.Equal("keyExists", Refusal(() => service.Create(new("made", ["read"]), null)).Code);
        // As another node sees it, which has not read it yet.
        Assert.False(store.Add(store.Read().Single() with { Sha256 = configured.Sha256 }));

        StartFailure start = Assert.Throws<StartFailure>(() => KeyPlace.Ring(place.Open(), configured, new ServerKey("made", "read")));
        Assert.Contains("has a key named \"made\"", start.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_ThatWouldLockOut_AreRefused()
    {
        using KeyPlace place = new(postgres: false);
        IKeyStore store = place.Open();
        using (ApiKeyRing open = KeyPlace.Ring(store))
        {
            KeyService service = KeyPlace.Service(open, store);
            Assert.Equal("adminKeyFirst", Refusal(() => service.Create(new("ci", ["submit"]), null)).Code);
            service.Create(_admin, null);
            service.Create(new("ci", ["submit"]), null);
        }

        using ApiKeyRing ring = KeyPlace.Ring(store, new ServerKey("conf", "read"));
        KeyService closed = KeyPlace.Service(ring, store);
        Assert.Contains("the only key with the scope admin", Refusal(() => closed.Revoke("owner", null)).Message);
        Assert.Equal("keyConfigured", Refusal(() => closed.Revoke("conf", null)).Code);
        Assert.Equal("keyNotFound", Refusal(() => closed.Revoke("nobody", null)).Code);
        closed.Create(new("second", ["admin"]), null);
        closed.Revoke("owner", null);
    }

    [Theory]
    [InlineData("", "read")]
    [InlineData("a/b", "read")]
    [InlineData("..", "read")]
    [InlineData("line\nbreak", "read")]
    [InlineData("ci", "everything")]
    public void Request_ThatIsWrong_IsRefusedByField(string name, string scope)
    {
        using KeyPlace place = new(postgres: false);
        IKeyStore store = place.Open();
        using ApiKeyRing ring = KeyPlace.Ring(store);

        ApiFailure refusal = Refusal(() => KeyPlace.Service(ring, store).Create(new(name, [scope]), null));

        Assert.Equal([scope == "read" ? "name" : "scopes"], refusal.Errors!.Keys);
    }

    [Fact]
    public void File_ThatIsDamaged_IsNamed()
    {
        using TemporaryFolder folder = new();
        folder.Write("data/api-keys.json", "[{");

        StartFailure refusal = Assert.Throws<StartFailure>(() => KeyPlace.Ring(new LoraLab.Server.Storage.Records.KeyFile(
            KeyPlace.PathsIn(folder))));

        Assert.Contains("api-keys.json cannot be read", refusal.Message, StringComparison.Ordinal);
    }

    private static ApiFailure Refusal(Action work) => Assert.Throws<ApiFailure>(work);

    private static async Task UntilAsync(Func<bool> reached)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!reached())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "It did not happen in time.");
            await Task.Delay(20);
        }
    }
}
