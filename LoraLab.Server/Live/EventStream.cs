using System.Globalization;
using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;

namespace LoraLab.Server.Live;

/// <summary>
/// A response of server-sent events. Proxies are asked not to buffer it, and comments keep a quiet connection alive: most proxies cut one
/// after a minute of silence.
/// </summary>
/// <param name="events">The events; null where nothing happened for a while.</param>
internal sealed class EventStream(IAsyncEnumerable<LiveEvent?> events) : IResult
{
    public const string ContentType = "text/event-stream";

    private const string Comment = ":\n\n";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache, no-store";
        // nginx buffers responses of a proxied server unless told otherwise.
        response.Headers["X-Accel-Buffering"] = "no";
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            return;
        }

        try
        {
            // At once, so that the client knows that it is connected.
            await WriteAsync(response, Comment, httpContext.RequestAborted);
            await foreach (LiveEvent? live in events.WithCancellation(httpContext.RequestAborted))
            {
                await WriteAsync(response, live is null ? Comment : Format(live), httpContext.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
    }

    private static string Format(LiveEvent live) => string.Create(
        CultureInfo.InvariantCulture,
        $"event: {live.Type}\ndata: {JsonSerializer.Serialize(live, ContractJson.Options)}\nid: {live.Seq}\n\n");

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
