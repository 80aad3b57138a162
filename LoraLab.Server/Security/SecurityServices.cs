using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Security;

/// <summary>Authentication, authorization and rate limits; described in <c>docs/security.md</c>.</summary>
internal static class SecurityServices
{
    /// <summary>Name of the policy.</summary>
    public const string Policy = "scope";

    public static void AddSecurity(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ApiKeyRing>();
        builder.Services.AddSingleton<KeyService>();
        builder.Services.AddHostedService<KeyUpkeep>();
        builder.Services.AddSingleton<AllowedHostNames>();
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.MaximumBytes;
            // Lists of runs and texts to search for are in the address; what is too long there is answered by the route.
            kestrel.Limits.MaxRequestLineSize = 64 * 1024;
            kestrel.ConfigureEndpointDefaults(LoopbackOnly.Check);
        });
        // HostGuard replaces ASP.NET Core's host filtering, which would reject 127.0.0.1 as soon as AllowedHosts names a proxy.
        builder.Services.Configure<HostFilteringOptions>(static hosts => hosts.AllowedHosts = ["*"]);

        builder.Services.AddAuthentication(Schemes.Choice)
            .AddPolicyScheme(Schemes.Choice, null, static scheme => scheme.ForwardDefaultSelector = Schemes.For)
            .AddScheme<AuthenticationSchemeOptions, LoopbackAuthenticationHandler>(Schemes.Local, null)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthenticationHandler>(Schemes.Key, null)
            .AddCookie(Schemes.Cookie, SignInCookie.Configure);
        AuthorizationPolicy policy = new AuthorizationPolicyBuilder().AddRequirements(new ScopeRequirement()).Build();
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(policy).SetDefaultPolicy(policy).AddPolicy(Policy, policy);

        builder.Services.AddSingleton<IConfigureOptions<RateLimiterOptions>, RateLimits>();
        builder.Services.AddRateLimiter();
        builder.AddCookieKeys();
    }

    public static void UseSecurity(this WebApplication app)
    {
        app.UseMiddleware<HostGuard>();
        app.UseMiddleware<CrossSiteGuard>();
        app.UseAuthentication();
        // After authentication, so that each key has its own bucket; before authorization, so that guesses are counted.
        app.UseRateLimiter();
        app.UseAuthorization();
    }

    /// <summary>
    /// Keeps the cookie keys in the store that all nodes have, else in the data directory, readable by its owner only: sessions survive a
    /// restart, and a copy of the directory contains the keys.
    /// </summary>
    private static void AddCookieKeys(this WebApplicationBuilder builder)
    {
        builder.Services.AddDataProtection(static protection => protection.ApplicationDiscriminator = "LoraLab");
        builder.Services.AddOptions<KeyManagementOptions>().Configure<IServiceProvider>(static (keys, services) =>
            keys.XmlRepository = services.GetService<IXmlRepository>() ?? new FileSystemXmlRepository(
                CreatePrivate(services.GetRequiredService<LoraLabPaths>().CookieKeys), services.GetRequiredService<ILoggerFactory>()));
        // A rejected key is a normal response, not worth a log entry.
        builder.Logging.AddFilter(typeof(ApiKeyAuthenticationHandler).FullName, LogLevel.Warning);
        // It would warn at each start that the key files are not encrypted.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
    }

    private static DirectoryInfo CreatePrivate(string folder) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(folder)
        : Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
