using System.Net;

namespace LoraLab.Web.Api;

/// <summary>An error response of the server, with its messages.</summary>
public sealed class ApiException(
    HttpStatusCode status, string message, IReadOnlyDictionary<string, IReadOnlyList<string>> errors) : Exception(message)
{
    /// <summary>The message of a request that got no response.</summary>
    public const string Unreachable = "The server cannot be reached.";

    public HttpStatusCode Status { get; } = status;

    /// <summary>Validation messages by JSON field name; empty when the error is not about fields.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; } = errors;

    public bool NotFound => Status == HttpStatusCode.NotFound;

    /// <summary>
    /// The message that a page shows in place of data that could not be fetched: the server's own, or <see cref="Unreachable"/>.
    /// </summary>
    public static string MessageFor(Exception failure) => failure is ApiException ? failure.Message : Unreachable;
}
