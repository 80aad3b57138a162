using LoraLab.Server.Infrastructure.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>A sentence and a code for the refusals that come from the framework.</summary>
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
        (string code, string? detail) = problem.Status switch
        {
            StatusCodes.Status401Unauthorized => ("keyNeeded", $"{Refusal(context.HttpContext)} Send a key as Authorization: Bearer KEY, or sign in at /login."),
            StatusCodes.Status403Forbidden => ("scopeMissing", $"This needs a key with the scope {RequiredScope.For(context.HttpContext)}; the one that was sent does not have it."),
            StatusCodes.Status429TooManyRequests => ("tooManyRequests", "This client asks more often than LoraLab:Limits:RequestsPerMinute allows; the header Retry-After says how many seconds to wait."),
            StatusCodes.Status404NotFound => ("noRoute", $"There is nothing at {request.Path}; /api-docs lists what there is."),
            StatusCodes.Status405MethodNotAllowed => ("methodNotAllowed", $"{request.Path} does not take {request.Method}; /api-docs lists what there is."),
            StatusCodes.Status415UnsupportedMediaType => ("unsupportedMediaType", "Send the body with the header Content-Type: application/json."),
            _ => ("refused", problem.Detail),
        };
        problem.Type = $"urn:loralab:problem:{code}";
        problem.Detail = detail;
        problem.Extensions["code"] = code;
    }

    private static string Refusal(HttpContext context) =>
        context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Failure?.Message ?? "This server needs a key.";
}
