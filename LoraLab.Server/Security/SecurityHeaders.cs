using System.Globalization;
using Scalar.AspNetCore;

namespace LoraLab.Server.Security;

/// <summary>Security headers of every response: no foreign frames, no type sniffing, and no code but the server's own files.</summary>
internal static class SecurityHeaders
{
    /// <summary>
    /// Blazor compiles WebAssembly ('wasm-unsafe-eval'); MudBlazor and ApexCharts write style elements and attributes; charts are
    /// exported through data: and blob: images.
    /// </summary>
    private const string Policy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{0}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            + "font-src 'self' data:; "
        + "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        context.Response.OnStarting(static state => Add((HttpContext)state), context);
        return next(context);
    });

    private static Task Add(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        // Hangfire's dashboard sets the policy that its own pages need.
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = string.Format(CultureInfo.InvariantCulture, Policy, Nonce(context));
        }

        return Task.CompletedTask;
    }

    /// <summary>The page of the API reference has an inline script, which carries a nonce per response.</summary>
    private static string Nonce(HttpContext context) =>
        context.Items.TryGetValue(ScalarOptions.NonceHttpContextItemKey, out object? nonce) && nonce is string once
            ? $" 'nonce-{once}'"
            : "";
}
