using Hangfire;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// The job that makes a node look for runs. It is never a training: it claims what idle lanes can take, hands it to them, and ends. A job
/// that is lost does no harm, because lanes also look by themselves.
/// </summary>
internal sealed class PumpJob(LaneRunners runners)
{
    [AutomaticRetry(Attempts = 0)]
    public Task RunAsync() => runners.LookAsync();
}
