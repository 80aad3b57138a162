namespace LoraLab.Server.Infrastructure;

/// <summary><c>LoraLab:Limits</c>: how much one client, and all together, may ask for.</summary>
internal sealed class LimitOptions
{
    /// <summary>Requests of one key or address in a minute; the dashboard's files and the machine itself are not counted.</summary>
    public int RequestsPerMinute { get; set; } = 1200;

    /// <summary>Runs that may wait.</summary>
    public int QueuedRuns { get; set; } = 1000;
}
