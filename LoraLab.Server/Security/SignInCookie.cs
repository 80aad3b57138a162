using LoraLab.Server.Infrastructure;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace LoraLab.Server.Security;

/// <summary>The cookie of <c>/login</c>: signed and encrypted, out of reach of scripts, never sent from another site, good for as long as its key is.</summary>
internal static class SignInCookie
{
    private const string Name = "loralab.session";
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = Name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = Lifetime;
        options.SlidingExpiration = true;
        options.Events.OnValidatePrincipal = ValidateAsync;
        options.Events.OnRedirectToLogin = static context => Challenge(context);
        options.Events.OnRedirectToAccessDenied = static context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        };
    }

    /// <summary>A key that was taken away or given other scopes takes its cookies along.</summary>
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        ApiKeyRing ring = context.HttpContext.RequestServices.GetRequiredService<ApiKeyRing>();
        if (KeyIdentity.HashOf(context.Principal) is { } hash && ring.FindByHash(Convert.FromHexString(hash)) is { } key)
        {
            context.ReplacePrincipal(KeyIdentity.Of(key, Schemes.Cookie));
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(Schemes.Cookie);
    }

    /// <summary>The dashboard and scripts are told; who opens a page that only the server draws is sent to sign in.</summary>
    private static Task Challenge(RedirectContext<CookieAuthenticationOptions> context)
    {
        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Path.StartsWithSegments(HangfirePage.Path))
        {
            context.Response.Redirect($"{context.Request.PathBase}/login?return={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}");
        }
        else
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }

        return Task.CompletedTask;
    }
}
