using Microsoft.AspNetCore.SignalR.Client;

namespace LoraLab.Web.State;

/// <summary>Tries again for ever: a server that restarts finds its pages waiting.</summary>
internal sealed class ReconnectPolicy : IRetryPolicy
{
    private static readonly TimeSpan[] s_delays =
        [TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)];

    internal static TimeSpan Delay(long attempt) => s_delays[Math.Min(attempt, s_delays.Length - 1)];

    public TimeSpan? NextRetryDelay(RetryContext retryContext) => Delay(retryContext.PreviousRetryCount);
}
