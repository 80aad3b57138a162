namespace LoraLab.Server.Infrastructure;

/// <summary>The configuration section <c>LoraLab</c>.</summary>
internal sealed class LoraLabOptions
{
    public const string Section = "LoraLab";

    /// <summary>Value of <see cref="Libtorch"/> that takes the PyTorch of the Python on the path.</summary>
    public const string AutoLibtorch = "auto";

    /// <summary>Database, runs, downloaded models and datasets.</summary>
    public string DataDirectory { get; set; } = "data";

    public List<string> ModelDirectories { get; set; } = [];

    public List<string> DatasetDirectories { get; set; } = [];

    /// <summary>One lane per entry; <c>auto</c> when empty.</summary>
    public List<string> Devices { get; set; } = [];

    public int? MemoryBudgetMb { get; set; }

    /// <summary>Folder of the libraries of an installed PyTorch (<c>torch/lib</c>), or <c>auto</c>; null: libtorch of the build.</summary>
    public string? Libtorch { get; set; }

    public double CancelGraceSeconds { get; set; } = 15;

    /// <summary>A worker without a step for this long, or for ten times its median step if that is longer, is shown as stalled.</summary>
    public double StallSeconds { get; set; } = 60;

    /// <summary>At startup, interrupted runs return to the head of the queue and continue from their last checkpoint.</summary>
    public bool ResumeInterrupted { get; set; } = true;

    /// <summary>Queued runs are not started while the disk of the data directory has less free space than this, in MiB.</summary>
    public int MinimumFreeMb { get; set; } = 100;

    /// <summary>
    /// Size in MiB of a file that is deleted when that disk is full, so that the server can still record how runs ended; 0: none.
    /// </summary>
    public int DiskReserveMb { get; set; } = 4;

    /// <summary>When files of ended runs are removed.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>Keeps one idle worker per lane, so that a run starts immediately; costs the worker's memory.</summary>
    public bool WarmWorkers { get; set; } = true;

    /// <summary>The trainer's executable or dll; null: the one built or published with the server.</summary>
    public string? WorkerPath { get; set; }

    /// <summary>Serves <c>/metrics</c> in Prometheus format; requires the scope read.</summary>
    public bool Prometheus { get; set; }

    /// <summary>The path under which a proxy publishes the server, such as <c>/lab</c>; empty: the root.</summary>
    public string PathBase { get; set; } = "";

    /// <summary>Addresses or networks of the proxies whose <c>X-Forwarded-*</c> headers are believed.</summary>
    public List<string> KnownProxies { get; set; } = [];

    public LimitOptions Limits { get; set; } = new();

    public PredictionOptions Predictions { get; set; } = new();

    /// <summary><c>All</c>, <c>Web</c> (takes no runs) or <c>Worker</c> (only takes runs); other than All with PostgreSQL only.</summary>
    public string Role { get; set; } = NodeRoles.All;

    /// <summary>Name of this node, unique among those of the database; null: the machine's name.</summary>
    public string? NodeName { get; set; }

    /// <summary>Labels of this node, which runs can require.</summary>
    public List<string> Labels { get; set; } = [];

    public ClusterOptions Cluster { get; set; } = new();

    /// <summary>
    /// For tests: executes the work of every transaction twice, the first time without effect, and requires the same result.
    /// </summary>
    public bool RepeatTransactions { get; set; }
}
