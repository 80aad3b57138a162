using LoraLab.Server.Infrastructure.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>Messages and codes for errors that the framework produces.</summary>
internal static class StatusMessages
{
    public static void Complete(ProblemDetailsContext context)
    {
        ProblemDetails problem = context.ProblemDetails;
        if (problem.Extensions.ContainsKey("code"))
        {
            return;
        }

        HttpRequest request = context.HttpContext.Request;
        PathString path = request.PathBase + request.Path;
        string routes = $"see {request.PathBase}/api-docs for all routes.";
        (string code, string? detail) = problem.Status switch
        {
            StatusCodes.Status401Unauthorized =>
                ("keyNeeded", $"{Refusal(context.HttpContext)} Send a key as Authorization: Bearer KEY, "
                    + $"or sign in at {request.PathBase}/login."),
            StatusCodes.Status403Forbidden => ("scopeMissing", "This request requires a key with the scope "
                + $"{RequiredScope.For(context.HttpContext)}, which the key that was sent does not have."),
            StatusCodes.Status429TooManyRequests => (
                "tooManyRequests",
                "This client exceeds LoraLab:Limits:RequestsPerMinute; wait the number of seconds in the Retry-After header."),
            StatusCodes.Status404NotFound => ("noRoute", $"There is nothing at {path}; {routes}"),
            StatusCodes.Status405MethodNotAllowed =>
                ("methodNotAllowed", $"{path} does not support {request.Method}; {routes}"),
            StatusCodes.Status415UnsupportedMediaType =>
                ("unsupportedMediaType", $"Send the body with the header Content-Type: {ContentTypeAt(context.HttpContext)}."),
            StatusCodes.Status412PreconditionFailed =>
                ("refused", "It is not in the state that If-Match or If-Unmodified-Since requires; read it again."),
            _ => ("refused", problem.Detail
                ?? $"The request was refused: {ReasonPhrases.GetReasonPhrase(problem.Status ?? context.HttpContext.Response.StatusCode)}."),
        };
        problem.Type = $"urn:loralab:problem:{code}";
        problem.Detail = detail;
        problem.Extensions["code"] = code;
    }

    /// <summary>Uploads are the only routes with another body than JSON; the framework no longer knows which route was asked.</summary>
    private static string ContentTypeAt(HttpContext context) =>
        context.Request.Path.Value is { } path && (path.EndsWith("/datasets", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith("/uploads", StringComparison.OrdinalIgnoreCase))
                ? "multipart/form-data, as a form with files"
                : "application/json";

    private static string Refusal(HttpContext context) =>
        context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Failure?.Message ?? "This server requires a key.";
}
