using System.Text.Json.Serialization;

namespace LoraLab.Contracts;

/// <summary>Who is asking, and what they may do.</summary>
public sealed record SessionDocument
{
    /// <summary>False for a server that only its own machine reaches.</summary>
    [JsonPropertyName("keyNeeded")]
    public bool KeyRequired { get; init; }

    /// <summary>Name of the key that was sent; null when there was none.</summary>
    public string? Name { get; init; }

    /// <summary>What it may do: <c>read</c>, <c>submit</c>, <c>admin</c>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];
}
