using System.ComponentModel;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>
/// The trainer exists, and its native library loads: its own <c>doctor</c> is run once, in the background, on the first health
/// request. A failure is checked again after a minute, a success is kept for the lifetime of the server.
/// </summary>
internal sealed class TrainerCheck(WorkerLocator locator, TimeProvider time) : IHealthCheck, IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _retryInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private Task<DoctorResult>? _asked;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (locator.Problem is { } missing)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy(missing));
        }

        Task<DoctorResult> result = Doctor();
        return Task.FromResult(
            !result.IsCompletedSuccessfully ? HealthCheckResult.Degraded("The trainer's native library is being loaded for the first time.")
            : result.Result.Problem is { } problem ? HealthCheckResult.Unhealthy(problem)
            : HealthCheckResult.Healthy("The trainer's native library loads."));
    }

    public void Dispose()
    {
        _closing.Cancel();
        _closing.Dispose();
    }

    private Task<DoctorResult> Doctor()
    {
        lock (_gate)
        {
            if (_asked is null || (_asked.IsCompleted && !(_asked.IsCompletedSuccessfully && _asked.Result.IsFresh(time.GetUtcNow()))))
            {
                _asked = DoctorAsync();
            }

            return _asked;
        }
    }

    private async Task<DoctorResult> DoctorAsync()
    {
        List<string> lines = [];
        void Take(string line)
        {
            lock (lines)
            {
                lines.Add(line.Trim());
            }
        }

        try
        {
            using WorkerProcess doctor = WorkerProcess.Start(locator.Command("doctor"), Take, Take);
            try
            {
                int exitCode = await doctor.Exited.WaitAsync(_patience, time, _closing.Token);
                return new DoctorResult(exitCode == 0 ? null : Describe(lines, exitCode), time.GetUtcNow());
            }
            catch (Exception late) when (late is TimeoutException or OperationCanceledException)
            {
                doctor.Kill();
                return new DoctorResult($"The trainer's doctor did not finish within {_patience.TotalMinutes} minutes.", time.GetUtcNow());
            }
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or IOException)
        {
            return new DoctorResult(locator.CannotStart(error), time.GetUtcNow());
        }
    }

    private static string Describe(List<string> lines, int exitCode)
    {
        lock (lines)
        {
            string problems = string.Join(" ", lines.Where(line => line.StartsWith("problem", StringComparison.Ordinal)));
            return problems.Length > 0 ? problems : $"The trainer's doctor exited with code {exitCode}: {lines.LastOrDefault()}";
        }
    }

    private sealed record DoctorResult(string? Problem, DateTimeOffset At)
    {
        public bool IsFresh(DateTimeOffset now) => Problem is null || now - At < _retryInterval;
    }
}
