using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>A request that cannot be fulfilled; becomes a problem document. The message is shown to the user.</summary>
internal sealed class ApiFailure : Exception
{
    /// <summary>Number of messages that a sentence repeats; all of them are in <see cref="Errors"/>.</summary>
    private const int MaximumMessages = 20;

    private ApiFailure(int status, string code, string message, IReadOnlyDictionary<string, string[]>? errors = null)
        : base(message)
    {
        Status = status;
        Code = code;
        Errors = errors;
    }

    public int Status { get; }

    /// <summary>Stable machine-readable code.</summary>
    public string Code { get; }

    /// <summary>When to retry, for temporary refusals.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Messages by field.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; }

    public static ApiFailure NotFound(string code, string message) => new(StatusCodes.Status404NotFound, code, message);

    public static ApiFailure NoRun(string id) => NotFound("runNotFound", $"There is no run '{Shorten(id)}'.");

    public static ApiFailure NoAttempt(string runId, int attempt) => NotFound("attemptNotFound", $"Run {runId} has no attempt {attempt}.");

    public static ApiFailure Conflict(string code, string message) => new(StatusCodes.Status409Conflict, code, message);

    public static ApiFailure Unprocessable(string code, string message) => new(StatusCodes.Status422UnprocessableEntity, code, message);

    public static ApiFailure Unavailable(string code, string message) => new(StatusCodes.Status503ServiceUnavailable, code, message);

    /// <summary>A limit is reached for now; the request can be retried later.</summary>
    public static ApiFailure TooMany(string code, string message, TimeSpan retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, code, message) { RetryAfter = retryAfter };

    public static ApiFailure Refused(int status, string code, string message) => new(status, code, message);

    public static ApiFailure TooLarge(string message) => new(StatusCodes.Status413PayloadTooLarge, "bodyTooLarge", message);

    /// <summary>One field is wrong.</summary>
    public static ApiFailure Invalid(string field, string message) => Invalid([new FieldError(field, message)]);

    /// <summary>Fields are wrong.</summary>
    public static ApiFailure Invalid(IReadOnlyList<FieldError> errors) => new(
        StatusCodes.Status400BadRequest,
        "invalid",
        Summary([.. errors.Select(error => error.Message)]),
        errors.GroupBy(error => error.Field).ToDictionary(group => group.Key, group => group.Select(error => error.Message).ToArray()));

    /// <summary>Throws if fields are wrong.</summary>
    /// <exception cref="ApiFailure">There are errors.</exception>
    public static void ThrowIfAny(IReadOnlyList<FieldError> errors)
    {
        if (errors.Count > 0)
        {
            throw Invalid(errors);
        }
    }

    /// <summary>The request itself cannot be read.</summary>
    public static ApiFailure Malformed(string message) => new(StatusCodes.Status400BadRequest, "malformed", message);

    /// <summary>The first messages, and how many more there are: of many runs, each may have several.</summary>
    private static string Summary(string[] messages) => messages.Length <= MaximumMessages
        ? string.Join(" ", messages)
        : $"{string.Join(" ", messages[..MaximumMessages])} There are {messages.Length - MaximumMessages} more errors.";

    public static string Shorten(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
