namespace LoraLab.Contracts;

/// <summary>Exchanges a key for a cookie.</summary>
/// <param name="Key">The key that <c>keys new</c> printed.</param>
public sealed record SignInRequest(string Key);
