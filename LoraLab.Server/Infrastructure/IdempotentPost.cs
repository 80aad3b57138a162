using System.Text;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Infrastructure;

/// <summary>Responses to a POST with an <c>Idempotency-Key</c>, whatever it creates.</summary>
internal static class IdempotentPost
{
    /// <summary>Maximum length of a key.</summary>
    public const int MaximumKey = 255;

    /// <summary>Rejects a key that is empty or too long.</summary>
    /// <exception cref="ApiFailure">It is.</exception>
    public static void RequireKey(string key)
    {
        if (key.Length is 0 or > MaximumKey)
        {
            throw ApiFailure.Malformed($"The Idempotency-Key must have 1 to {MaximumKey} characters.");
        }
    }

    /// <summary>The stored response, the same for every request with the key; a header marks replays.</summary>
    /// <param name="context">The request's context.</param>
    /// <param name="location">Route of the created resource.</param>
    /// <param name="body">The response body, as JSON.</param>
    /// <param name="replayed">True when it was created by an earlier request.</param>
    public static IResult Created(HttpContext context, string location, string body, bool replayed)
    {
        context.Response.Headers.Location = location;
        if (replayed)
        {
            context.Response.Headers["Idempotency-Replayed"] = "true";
        }

        return TypedResults.Text(body, "application/json", Encoding.UTF8, StatusCodes.Status201Created);
    }
}
