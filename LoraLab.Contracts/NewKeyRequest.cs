namespace LoraLab.Contracts;

/// <summary>Asks for a new API key.</summary>
/// <param name="Name">Its name, unique among all keys.</param>
/// <param name="Scopes">Its scopes: <c>read</c>, <c>submit</c>, <c>admin</c>; each includes the ones before it.</param>
public sealed record NewKeyRequest(string? Name, IReadOnlyList<string>? Scopes);
