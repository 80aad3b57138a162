using System.Net;
using System.Net.Sockets;

namespace LoraLab.Tests.Support;

/// <summary>
/// A reverse proxy that publishes a server under a path, which it removes from the requests, and that does not forward WebSockets.
/// </summary>
internal sealed class PublishingProxy : IDisposable
{
    private static readonly string[] _ownHeaders =
        ["Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Accept-Encoding"];

    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Uri _server;
    private readonly string _path;

    public PublishingProxy(Uri server, string path)
    {
        (_server, _path) = (server, path);
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}");
        }

        _listener.Prefixes.Add($"{Address}");
        _listener.Start();
        _ = ServeAsync();
    }

    public Uri Address { get; }

    public void Dispose()
    {
        _listener.Close();
        _http.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await _listener.GetContextAsync());
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            await ForwardAsync(context);
        }
        catch (Exception gone) when (gone is HttpListenerException or HttpRequestException or IOException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            context.Response.Abort();
        }
    }

    private async Task ForwardAsync(HttpListenerContext context)
    {
        string address = context.Request.RawUrl!;
        if (!address.StartsWith(_path + "/", StringComparison.Ordinal) || context.Request.IsWebSocketRequest)
        {
            context.Response.StatusCode = 404;
            context.Response.Close();
            return;
        }

        using HttpRequestMessage request = new(new HttpMethod(context.Request.HttpMethod), new Uri(_server, address[_path.Length..]));
        request.Headers.Host = context.Request.UserHostName;
        request.Content = context.Request.HasEntityBody ? new StreamContent(context.Request.InputStream) : null;
        foreach (string name in context.Request.Headers.AllKeys.OfType<string>().Except(_ownHeaders, StringComparer.OrdinalIgnoreCase))
        {
            if (!request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]);
            }
        }

        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.SendChunked = response.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified);
        foreach ((string name, IEnumerable<string> values) in response.Headers.Concat(response.Content.Headers)
            .Where(header => !_ownHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            context.Response.Headers[name] = string.Join(", ", values);
        }

        await response.Content.CopyToAsync(context.Response.OutputStream);
        context.Response.Close();
    }
}
