using System.Net;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Security;

/// <summary>
/// The host names under which this server may be reached. A web page whose name was made to resolve here (DNS rebinding) sends that name in
/// <c>Host</c>, which is not among them. <c>AllowedHosts</c>, ASP.NET Core's own key, adds the names of a proxy.
/// </summary>
internal sealed class AllowedHostNames
{
    private const string Any = "*";
    private const string Localhost = "localhost";

    private readonly List<string> _configured;
    private readonly bool _allowAddresses;

    public AllowedHostNames(IConfiguration configuration, ApiKeyRing keys)
    {
        _configured = Configured(configuration);
        if (!keys.Required && _configured.Contains(Any))
        {
            throw new StartFailure("AllowedHosts is \"*\", and no API key is configured: "
                + "any web page could use this server through a name of its own. "
                + "List the names in AllowedHosts, or create a key with `keys new`.");
        }

        // DNS rebinding needs a name: a request to a numeric address was meant for this machine. Without keys only loopback is reachable.
        _allowAddresses = keys.Required;
    }

    /// <summary>Whether a request may have this <c>Host</c>.</summary>
    public bool Allows(string host) =>
        IsLoopback(host)
        || IsConfigured(host)
        || (_allowAddresses && (IPAddress.TryParse(host.Trim('[', ']'), out _)
            || host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether <c>AllowedHosts</c> includes it.</summary>
    public bool IsConfigured(string host) => _configured.Any(pattern =>
        pattern == Any
        || pattern.Equals(host, StringComparison.OrdinalIgnoreCase)
        || (pattern.StartsWith("*.", StringComparison.Ordinal) && host.Length >= pattern.Length
            && host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether <c>AllowedHosts</c> includes it explicitly, not by <c>*</c>.</summary>
    public bool IsNamed(string host) => !_configured.Contains(Any) && IsConfigured(host);

    public static bool IsLoopback(string host) =>
        host.Equals(Localhost, StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static List<string> Configured(IConfiguration configuration) =>
    [
        .. (configuration["AllowedHosts"] ?? "").Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        .. configuration.GetSection("AllowedHosts").GetChildren().Select(child => child.Value?.Trim() ?? "").Where(name => name.Length > 0),
    ];
}
