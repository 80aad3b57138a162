namespace LoraLab.Web.State;

/// <summary>Retries forever, so that open pages reconnect after a server restart.</summary>
internal static class ReconnectPolicy
{
    private static readonly TimeSpan[] _delays =
        [TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)];

    internal static TimeSpan Delay(long attempt) => _delays[Math.Min(attempt, _delays.Length - 1)];
}
