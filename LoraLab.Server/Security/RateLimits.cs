using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using LoraLab.Contracts.Live;
using LoraLab.Server.Infrastructure;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Security;

/// <summary>One token bucket per key, and per address for clients without one. The machine itself is not limited.</summary>
internal sealed class RateLimits(IOptions<LoraLabOptions> options) : IConfigureOptions<RateLimiterOptions>
{
    private const int PeriodsPerMinute = 60;
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(60.0 / PeriodsPerMinute);
    private static readonly string[] _forwarding = ["X-Forwarded-For", "X-Original-For", "Forwarded", "X-Real-IP", "Via"];

    public void Configure(RateLimiterOptions limiter)
    {
        int perMinute = options.Value.Limits.RequestsPerMinute;
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.OnRejected = static (rejected, _) =>
        {
            TimeSpan wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan known) ? known : _period;
            rejected.HttpContext.Response.Headers[HeaderNames.RetryAfter] = Math.Max(1, Math.Ceiling(wait.TotalSeconds))
                .ToString(CultureInfo.InvariantCulture);
            return ValueTask.CompletedTask;
        };
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => ClientOf(context) is { } client
            ? RateLimitPartition.GetTokenBucketLimiter(client, _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = perMinute,
                TokensPerPeriod = Math.Max(1, perMinute / PeriodsPerMinute),
                ReplenishmentPeriod = _period,
                QueueLimit = 0,
            })
            : RateLimitPartition.GetNoLimiter(""));
    }

    /// <summary>
    /// Null for the machine itself. Behind a proxy every connection comes from the machine itself; such a request is recognized by a
    /// foreign <c>Host</c> or by a header that proxies add, and is counted by its key, or else by the proxy's address.
    /// </summary>
    private static string? ClientOf(HttpContext context)
    {
        IPAddress? remote = context.Connection.RemoteIpAddress;
        bool direct = (remote is null || IPAddress.IsLoopback(remote))
            && AllowedHostNames.IsLoopback(context.Request.Host.Host)
            && !_forwarding.Any(context.Request.Headers.ContainsKey);
        // Where WebSockets are blocked, the live channel needs a request for every event; a stranger's are counted.
        bool live = context.Request.Path.StartsWithSegments(LiveHub.Path) && context.User.Identity is { IsAuthenticated: true };
        return direct || live ? null : KeyIdentity.HashOf(context.User) is { } key ? $"key {key}" : $"address {remote}";
    }
}
