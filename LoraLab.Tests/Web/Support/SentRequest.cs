namespace LoraLab.Tests.Web.Support;

/// <summary>A request that a page sent.</summary>
/// <param name="Method">Method.</param>
/// <param name="Path">Path, from the slash.</param>
/// <param name="Query">Query, unescaped, with the question mark; empty: none.</param>
/// <param name="Body">Body; empty: none.</param>
internal sealed record SentRequest(HttpMethod Method, string Path, string Query, string Body);
