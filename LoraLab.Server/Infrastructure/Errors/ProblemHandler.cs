using System.Globalization;
using System.Text.RegularExpressions;
using LoraLab.Files;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>Turns exceptions into problem documents without stack traces.</summary>
internal sealed partial class ProblemHandler(IProblemDetailsService problems, LoraLabPaths paths, ILogger<ProblemHandler> log)
    : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        ProblemDetails problem = exception switch
        {
            ApiFailure failure => Describe(failure.Status, failure.Code, failure.Message),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
                Describe(StatusCodes.Status413PayloadTooLarge, "bodyTooLarge", RequestBody.TooLargeMessage(context)),
            BadHttpRequestException bad => Describe(bad.StatusCode, "malformed", Explain(bad)),
            _ when DiskSpace.IsShort(exception) => Describe(
                StatusCodes.Status507InsufficientStorage,
                "diskFull",
                $"The disk of {DiskSpace.FolderOf(exception) ?? paths.DataDirectory} is full, so the request could not be stored; "
                    + "free some space there and send it again."),
            UnknownCommitException => Describe(
                StatusCodes.Status503ServiceUnavailable,
                "databaseAway",
                "The PostgreSQL database does not answer, and whether it stored the request is not known; training goes on. Look there "
                    + "first, or send the request again with the same Idempotency-Key."),
            NpgsqlException busy when IsBusy(busy) => Describe(
                StatusCodes.Status503ServiceUnavailable,
                "databaseAway",
                "All connections to the PostgreSQL database are in use; training goes on, and nothing was stored. Send the request again, "
                    + "or allow more connections (Maximum Pool Size in ConnectionStrings:Postgres, max_connections of the server)."),
            NpgsqlException away when away.IsTransient || IsAway(away) => Describe(
                StatusCodes.Status503ServiceUnavailable,
                "databaseAway",
                "The PostgreSQL database does not answer; training goes on, and nothing was stored. Send the request again later."),
            _ => Describe(
                StatusCodes.Status500InternalServerError,
                "internal",
                "The server failed to process this request; see its log for details."),
        };
        if (exception is ApiFailure { Errors: { } errors })
        {
            problem.Extensions["errors"] = errors;
        }

        if (problem.Status >= StatusCodes.Status500InternalServerError && exception is not ApiFailure)
        {
            log.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
        }

        if (exception is ApiFailure { RetryAfter: { } wait })
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        context.Response.StatusCode = problem.Status!.Value;
        return await problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = problem });
    }

    /// <summary>Whether the database lives, but this node gets no connection.</summary>
    private static bool IsBusy(NpgsqlException error) => error.SqlState == PostgresErrorCodes.TooManyConnections
        || (error is not PostgresException && error.Message.Contains("pool has been exhausted", StringComparison.Ordinal));

    /// <summary>Whether the connection ended, rather than a statement failed.</summary>
    private static bool IsAway(NpgsqlException error) =>
        error is not PostgresException refused || refused.InvariantSeverity is "FATAL" or "PANIC";

    private static ProblemDetails Describe(int status, string code, string detail) => new()
    {
        Status = status,
        Type = $"urn:loralab:problem:{code}",
        Detail = detail,
        Extensions = { ["code"] = code },
    };

    /// <summary>The framework's message mentions .NET types; callers know parameter names and values.</summary>
    private static string Explain(BadHttpRequestException bad)
    {
        Match unbound = UnboundParameter().Match(bad.Message);
        return unbound.Success
            ? $"The parameter '{unbound.Groups["name"].Value}' cannot be '{unbound.Groups["value"].Value}'; "
                + "openapi/v1.json has the values that it takes."
            : bad.Message;
    }

    [GeneratedRegex("parameter \"\\S+ (?<name>\\w+)\" from \"(?<value>.*)\"", RegexOptions.Singleline)]
    private static partial Regex UnboundParameter();
}
