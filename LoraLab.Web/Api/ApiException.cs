using System.Net;

namespace LoraLab.Web.Api;

/// <summary>The server's refusal, with its own sentences.</summary>
public sealed class ApiException(HttpStatusCode status, string message, IReadOnlyDictionary<string, IReadOnlyList<string>> errors) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;

    /// <summary>Sentences by JSON field name; empty when the refusal is not about fields.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; } = errors;

    public bool NotFound => Status == HttpStatusCode.NotFound;

    /// <summary>What a page says in place of what it could not fetch: the server's own sentence, or that there is no server.</summary>
    public static string Sentence(Exception failure) => failure is ApiException ? failure.Message : "The server cannot be reached.";
}
