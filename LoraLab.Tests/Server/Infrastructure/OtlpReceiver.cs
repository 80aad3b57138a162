using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LoraLab.Tests.Server.Infrastructure;

/// <summary>A collector that stores what it receives by OTLP over HTTP.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<byte[]>> _received = new();

    public OtlpReceiver()
    {
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        }

        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address { get; }

    /// <summary>Whether a message with these words (protobuf stores text as UTF-8) was received for a signal.</summary>
    public bool Has(string path, params string[] words) =>
        _received.TryGetValue(path, out ConcurrentQueue<byte[]>? bodies)
        && words.All(word => bodies.Any(body => body.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(word)) >= 0));

    public override string ToString() =>
        string.Join(", ", _received.Select(pair => $"{pair.Key}: {pair.Value.Sum(body => body.Length)} bytes"));

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                using MemoryStream body = new();
                await context.Request.InputStream.CopyToAsync(body);
                _received.GetOrAdd(context.Request.Url!.AbsolutePath, _ => new()).Enqueue(body.ToArray());
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
