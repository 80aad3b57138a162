using System.Net;
using Microsoft.AspNetCore.Connections.Features;
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

    /// <summary>
    /// Whether the request's connection comes from one of them: the address of the socket, not the one that a header may claim.
    /// </summary>
    public bool Sent(HttpContext context) =>
        context.Features.Get<IConnectionEndPointFeature>()?.RemoteEndPoint is IPEndPoint remote
        && Networks.Any(network => network.Contains(Plain(remote.Address)));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
