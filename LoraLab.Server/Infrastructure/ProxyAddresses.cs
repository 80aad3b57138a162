using System.Net;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Infrastructure;

/// <summary>The proxies of <c>LoraLab:KnownProxies</c>: addresses, or networks such as <c>10.0.0.0/8</c>.</summary>
internal sealed class ProxyAddresses(IOptions<LoraLabOptions> options)
{
    /// <summary>The networks; of a single address, a network with one address.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; } = [.. options.Value.KnownProxies.Select(TryParse).OfType<IPNetwork>()];

    /// <summary>Null: the entry is neither an address nor a network.</summary>
    public static IPNetwork? TryParse(string entry) =>
        IPAddress.TryParse(entry, out IPAddress? address) ? new IPNetwork(Plain(address), Plain(address).GetAddressBytes().Length * 8)
        : IPNetwork.TryParse(entry, out IPNetwork network) ? network
        : null;

    /// <summary>Whether it is the address of one of them.</summary>
    public bool Contain(IPAddress? address) => address is not null && Networks.Any(network => network.Contains(Plain(address)));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
