using System.Xml.Linq;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>The keys that sign cookies, shared by the nodes of a PostgreSQL database.</summary>
public sealed class CookieKeysTests
{
    [Fact]
    public async Task Nodes_ThatStartTogether_SignWithTheSameKey()
    {
        using KeyPlace place = new(postgres: true);
        CookieKeyRows[] nodes = [.. Enumerable.Range(0, 4).Select(_ => new CookieKeyRows(place.Connect()))];
        ServiceProvider[] services = [.. nodes.Select(Provider)];

        string[] signed = await Task.WhenAll(services.Select(node => Task.Run(() => Protector(node).Protect("session"))));

        Assert.Single(nodes[0].GetAllElements());
        Assert.All(services, node => Assert.All(signed, text => Assert.Equal("session", Protector(node).Unprotect(text))));
        Assert.All(services, node => node.Dispose());
    }

    [Fact]
    public void Key_OfLater_IsKeptBesideTheOlderOne()
    {
        using KeyPlace place = new(postgres: true);
        CookieKeyRows rows = new(place.Connect());
        rows.StoreElement(new XElement("key", "<one>"), "key-1");
        PostgresServer.ExecuteAsync(place.Connection, "update cookie_keys set at = at - interval '1 minute'").GetAwaiter().GetResult();

        rows.StoreElement(new XElement("key", "two"), "key-2");

        Assert.Equal(["<one>", "two"], rows.GetAllElements().Select(key => key.Value));
    }

    private static ServiceProvider Provider(CookieKeyRows rows)
    {
        ServiceCollection services = new();
        services.AddDataProtection(protection => protection.ApplicationDiscriminator = "LoraLab");
        services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = rows);
        return services.BuildServiceProvider();
    }

    private static IDataProtector Protector(ServiceProvider node) =>
        node.GetRequiredService<IDataProtectionProvider>().CreateProtector("cookie");
}
