namespace LoraLab.Contracts;

/// <summary>Exchanges a key for a cookie.</summary>
/// <param name="Key">The key as printed by <c>keys new</c>.</param>
public sealed record SignInRequest(string Key);
