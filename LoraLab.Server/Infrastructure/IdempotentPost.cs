using System.Text;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Infrastructure;

/// <summary>What a POST with an <c>Idempotency-Key</c> is answered, whatever it creates.</summary>
internal static class IdempotentPost
{
    private const int MaximumKey = 255;

    /// <summary>Refuses a key that is empty or too long.</summary>
    /// <exception cref="ApiFailure">It is.</exception>
    public static void RequireKey(string key)
    {
        if (key.Length is 0 or > MaximumKey)
        {
            throw ApiFailure.Malformed($"The Idempotency-Key must have 1 to {MaximumKey} characters.");
        }
    }

    /// <summary>The stored answer, the same whenever the key is sent; a header says when it is not the first.</summary>
    /// <param name="context">The request's.</param>
    /// <param name="location">Route of what was created.</param>
    /// <param name="body">The answer, as JSON.</param>
    /// <param name="replayed">It was created before.</param>
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
