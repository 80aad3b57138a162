using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.System.Health;

/// <summary>
/// The data directory is writable, and has the free space that queued runs need to start (<see cref="LoraLabOptions.MinimumFreeMb"/>).
/// </summary>
internal sealed class DiskCheck(LoraLabPaths paths, IOptions<LoraLabOptions> options) : IHealthCheck
{
    private const long Little = 2L << 30;

    private long TooLittle => (long)options.Value.MinimumFreeMb << 20;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string probe = Path.Combine(paths.DataDirectory, $".write-{Guid.NewGuid():n}");
        try
        {
            await using (FileStream file = new(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
                await file.WriteAsync(new byte[1], cancellationToken);
            }

            (string folder, long? bytes) = DiskSpace.Tightest(paths.DataDirectory, paths.RunsDirectory);
            long free = bytes ?? throw new IOException($"the free space of {folder} is unknown");
            string text = $"{free >> 20} MiB are free on the disk of {folder}.";
            return free < TooLittle ? HealthCheckResult.Unhealthy(text)
                : free < Little ? HealthCheckResult.Degraded(text)
                : HealthCheckResult.Healthy(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return HealthCheckResult.Unhealthy($"The data directory {paths.DataDirectory} is not writable: {error.Message}");
        }
    }
}
