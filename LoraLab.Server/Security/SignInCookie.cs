using LoraLab.Server.Infrastructure;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace LoraLab.Server.Security;

/// <summary>
/// The cookie of <c>/login</c>: signed and encrypted, inaccessible to scripts, never sent across sites, valid as long as its key.
/// </summary>
internal static class SignInCookie
{
    private const string Name = "loralab.session";
    private static readonly TimeSpan _lifetime = TimeSpan.FromDays(7);

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = Name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = _lifetime;
        options.SlidingExpiration = true;
        options.Events.OnValidatePrincipal = ValidateAsync;
        options.Events.OnRedirectToLogin = static context => Challenge(context);
        options.Events.OnRedirectToAccessDenied = static context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        };
    }

    /// <summary>Rejects the cookie of a removed key, and refreshes the scopes of a changed one.</summary>
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        ApiKeyRing ring = context.HttpContext.RequestServices.GetRequiredService<ApiKeyRing>();
        if (KeyIdentity.HashOf(context.Principal) is { } hash && ring.FindByHash(Convert.FromHexString(hash)) is { } key)
        {
            context.ReplacePrincipal(KeyIdentity.Create(key, Schemes.Cookie));
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(Schemes.Cookie);
    }

    /// <summary>
    /// Responds with 401 to the dashboard and scripts; redirects to the sign-in page where the server itself renders the page.
    /// </summary>
    private static Task Challenge(RedirectContext<CookieAuthenticationOptions> context)
    {
        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Path.StartsWithSegments(HangfirePage.Path))
        {
            context.Response.Redirect(
                $"{context.Request.PathBase}/login?return={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}");
        }
        else
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }

        return Task.CompletedTask;
    }
}
