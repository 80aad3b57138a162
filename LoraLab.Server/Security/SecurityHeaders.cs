using System.Globalization;
using Scalar.AspNetCore;

namespace LoraLab.Server.Security;

/// <summary>What browsers are told about every answer: no foreign frames, no guessed types, and no code but the server's own files.</summary>
internal static class SecurityHeaders
{
    /// <summary>
    /// Blazor compiles WebAssembly ('wasm-unsafe-eval'); MudBlazor and ApexCharts write style elements and attributes; charts are saved through
    /// data: and blob: images.
    /// </summary>
    private const string Policy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{0}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
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
        // Hangfire's dashboard brings the policy that its own pages need.
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = string.Format(CultureInfo.InvariantCulture, Policy, Nonce(context));
        }

        return Task.CompletedTask;
    }

    /// <summary>The API's description starts with a line of script in its page, which carries a number of its own for each answer.</summary>
    private static string Nonce(HttpContext context) =>
        context.Items.TryGetValue(ScalarOptions.NonceHttpContextItemKey, out object? nonce) && nonce is string once ? $" 'nonce-{once}'" : "";
}
