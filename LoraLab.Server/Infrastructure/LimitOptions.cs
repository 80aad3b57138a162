namespace LoraLab.Server.Infrastructure;

/// <summary><c>LoraLab:Limits</c>: limits per client and overall.</summary>
internal sealed class LimitOptions
{
    /// <summary>Requests per minute and key or address; the dashboard's files and requests from this machine are not counted.</summary>
    public int RequestsPerMinute { get; set; } = 1200;

    /// <summary>Maximum number of queued runs.</summary>
    public int QueuedRuns { get; set; } = 1000;

    /// <summary>Maximum size of an upload, MiB.</summary>
    public int UploadMb { get; set; } = 512;
}
