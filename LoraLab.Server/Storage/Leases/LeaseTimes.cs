using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Storage.Leases;

/// <summary>The durations of leases; at 120 s, a lease is renewed every 30 s, and its worker is gone 10 s before it ends.</summary>
internal sealed class LeaseTimes(IOptions<LoraLabOptions> options)
{
    /// <summary>How long a lease lasts from its last renewal on.</summary>
    public TimeSpan Length { get; } = TimeSpan.FromSeconds(options.Value.Cluster.LeaseSeconds);

    /// <summary>Time between renewals.</summary>
    public TimeSpan Renewal => Length / 4;

    /// <summary>Time between the latest end of a worker and that of its lease.</summary>
    public TimeSpan Margin => Length / 12;

    /// <summary>Time between two looks for leases that have ended.</summary>
    public TimeSpan Look => TimeSpan.FromSeconds(Math.Clamp(Length.TotalSeconds / 24, 0.5, 5));

    /// <summary>The worker's deadline: milliseconds of the monotonic clock.</summary>
    public long DeadlineOf(Lease lease) => lease.Until - (long)Margin.TotalMilliseconds;
}
