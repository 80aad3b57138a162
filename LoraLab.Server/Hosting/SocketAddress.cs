using System.Net;

namespace LoraLab.Server.Hosting;

/// <summary>
/// Remembers the address of a request's socket before any header replaces it: first in the pipeline, also before ASP.NET Core's own
/// forwarding of headers, which an environment variable enables.
/// </summary>
internal sealed class SocketAddress : IStartupFilter
{
    private static readonly object _key = new();

    public static IPAddress? Of(HttpContext context) => context.Items.TryGetValue(_key, out object? address) ? address as IPAddress : null;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (context, rest) =>
        {
            context.Items[_key] = context.Connection.RemoteIpAddress;
            return rest(context);
        });
        next(app);
    };
}
