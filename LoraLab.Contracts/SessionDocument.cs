using System.Text.Json.Serialization;

namespace LoraLab.Contracts;

/// <summary>The caller and its permissions.</summary>
public sealed record SessionDocument
{
    /// <summary>False for a server that is reachable from its own machine only.</summary>
    [JsonPropertyName("keyNeeded")]
    public bool KeyRequired { get; init; }

    /// <summary>Name of the key in the request; null: none.</summary>
    public string? Name { get; init; }

    /// <summary>Scopes of the caller: <c>read</c>, <c>submit</c>, <c>admin</c>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];
}
