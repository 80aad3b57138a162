using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Security;

/// <summary>A server that listens on all addresses, with one key per scope.</summary>
public sealed class KeyedServer : IAsyncLifetime
{
    internal ServerKey Read { get; } = new("reader", "read");

    internal ServerKey Submit { get; } = new("ci", "submit");

    internal ServerKey Admin { get; } = new("owner", "admin");

    internal ServerProcess Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync(ScriptedServer.Setup with
    {
        Url = "http://0.0.0.0:0",
        Environment = new Dictionary<string, string>(ServerKey.Environment(Read, Submit, Admin))
        {
            ["AllowedHosts"] = "lab.example;*.lab.example",
        },
    });

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    /// <summary>Sends a request, with a key if given, and with further headers.</summary>
    internal async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, ServerKey? key = null, string? body = null, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, path) { Content = body is null ? null : RunApi.Json(body) };
        request.Headers.Authorization = key?.Header;
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Server.Http.SendAsync(request);
    }
}
