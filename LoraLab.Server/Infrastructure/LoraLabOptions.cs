namespace LoraLab.Server.Infrastructure;

/// <summary>The section <c>LoraLab</c> of the configuration.</summary>
internal sealed class LoraLabOptions
{
    public const string Section = "LoraLab";

    /// <summary>Database, runs, downloaded models and data sets.</summary>
    public string DataDirectory { get; set; } = "data";

    public List<string> ModelDirectories { get; set; } = [];

    public List<string> DatasetDirectories { get; set; } = [];

    /// <summary>One lane for each entry; <c>auto</c> when empty.</summary>
    public List<string> Devices { get; set; } = [];

    public int? MemoryBudgetMb { get; set; }

    public double CancelGraceSeconds { get; set; } = 15;

    /// <summary>A worker that makes no step for this long, or for ten times its median step if that is longer, shows as stalled.</summary>
    public double StallSeconds { get; set; } = 60;

    /// <summary>At start, runs that were interrupted go back to the head of the queue and on from their last checkpoint.</summary>
    public bool ResumeInterrupted { get; set; } = true;

    /// <summary>Waiting runs are not started while the disk of the data directory has less free than this.</summary>
    public int MinimumFreeMb { get; set; } = 100;

    /// <summary>Size of a file that is given up when that disk is full, so that the server can still write how runs ended; 0: none.</summary>
    public int DiskReserveMb { get; set; } = 4;

    /// <summary>What is removed of ended runs, and when.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>Keep one idle worker for each lane, so that a run starts at once; costs its memory.</summary>
    public bool WarmWorkers { get; set; } = true;

    /// <summary>The trainer's program or dll; null: the one built or published with the server.</summary>
    public string? WorkerPath { get; set; }

    /// <summary>Serves <c>/metrics</c> in Prometheus' format, to keys that may read.</summary>
    public bool Prometheus { get; set; }

    public LimitOptions Limits { get; set; } = new();

    public string Role { get; set; } = "All";

    /// <summary>For tests: what a transaction does is done twice, the first time for nothing, and must come to the same.</summary>
    public bool RepeatTransactions { get; set; }
}
