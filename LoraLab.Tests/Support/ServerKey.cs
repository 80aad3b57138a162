using System.Globalization;
using System.Net.Http.Headers;
using LoraLab.Contracts;

namespace LoraLab.Tests.Support;

/// <summary>An API key of a test server.</summary>
internal sealed record ServerKey(string Name, string Scopes)
{
    public string Secret { get; } = KeySecret.New();

    public string Sha256 => Convert.ToHexStringLower(KeySecret.HashOf(Secret));

    public AuthenticationHeaderValue Header => new("Bearer", Secret);

    /// <summary>Environment variables that configure a server with these keys.</summary>
    public static Dictionary<string, string> Environment(params ServerKey[] keys) => keys
        .SelectMany((key, i) =>
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"LoraLab__ApiKeys__{i}__");
            return (KeyValuePair<string, string>[])
            [
                new($"{prefix}Name", key.Name),
                new($"{prefix}Scopes", key.Scopes),
                new($"{prefix}Sha256", key.Sha256),
            ];
        })
        .ToDictionary();
}
