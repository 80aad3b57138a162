using System.Net;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Security;

/// <summary>
/// The names under which this server is reached. A web page whose own name was made to point here (DNS rebinding) comes with that name in
/// <c>Host</c>, and is none of these. <c>AllowedHosts</c>, ASP.NET Core's own key, adds those of a proxy.
/// </summary>
internal sealed class AllowedHostNames
{
    private const string Any = "*";
    private const string Localhost = "localhost";

    private readonly List<string> configured;
    private readonly bool allowAddresses;

    public AllowedHostNames(IConfiguration configuration, ApiKeyRing keys)
    {
        configured = Configured(configuration);
        if (!keys.Required && configured.Contains(Any))
        {
            throw new StartFailure("AllowedHosts is \"*\", and no API key is configured: any web page could use this server through a name of its own. List the names in AllowedHosts, or make a key with `keys new`.");
        }

        // A rebound name is a name: who comes with an address in numbers meant this machine. Without keys nobody comes that way.
        allowAddresses = keys.Required;
    }

    /// <summary>Whether a request may come with this <c>Host</c>.</summary>
    public bool Allows(string host) =>
        IsLoopback(host)
        || IsConfigured(host)
        || (allowAddresses && (IPAddress.TryParse(host.Trim('[', ']'), out _) || host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether <c>AllowedHosts</c> names it.</summary>
    public bool IsConfigured(string host) => configured.Any(pattern =>
        pattern == Any
        || pattern.Equals(host, StringComparison.OrdinalIgnoreCase)
        || (pattern.StartsWith("*.", StringComparison.Ordinal) && host.Length >= pattern.Length && host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether <c>AllowedHosts</c> names it by more than <c>*</c>.</summary>
    public bool IsNamed(string host) => !configured.Contains(Any) && IsConfigured(host);

    public static bool IsLoopback(string host) =>
        host.Equals(Localhost, StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static List<string> Configured(IConfiguration configuration) =>
    [
        .. (configuration["AllowedHosts"] ?? "").Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        .. configuration.GetSection("AllowedHosts").GetChildren().Select(child => child.Value?.Trim() ?? "").Where(name => name.Length > 0),
    ];
}
