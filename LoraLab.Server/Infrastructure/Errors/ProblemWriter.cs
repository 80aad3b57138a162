using LoraLab.Contracts;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>
/// Writes a problem document to whoever asked for something else: the framework's own writer refuses where Accept does not name JSON, and
/// a client that wanted CSV would be told nothing at all.
/// </summary>
internal sealed class ProblemWriter(IOptions<ProblemDetailsOptions> options) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        HttpResponse response = context.HttpContext.Response;
        ProblemDetails problem = context.ProblemDetails;
        problem.Status ??= response.StatusCode;
        problem.Title ??= ReasonPhrases.GetReasonPhrase(problem.Status.Value);
        options.Value.CustomizeProblemDetails?.Invoke(context);
        await response.WriteAsJsonAsync(problem, ContractJson.Options, "application/problem+json", context.HttpContext.RequestAborted);
    }
}
