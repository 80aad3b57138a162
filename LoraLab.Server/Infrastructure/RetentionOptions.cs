namespace LoraLab.Server.Infrastructure;

/// <summary>How long files of ended runs are kept; null: forever. Results are always kept.</summary>
internal sealed class RetentionOptions
{
    /// <summary>
    /// Whether the checkpoints of completed runs are kept, which nothing resumes from any more, and the intermediate files of ended sweeps.
    /// </summary>
    public bool KeepCompletedCheckpoints { get; set; }

    /// <summary>
    /// Whether the adapter of the best evaluation is kept beside the last when a run completes; if not, only the last is.
    /// </summary>
    public bool KeepBestAdapters { get; set; } = true;

    /// <summary>Days to keep checkpoints after the end of a run; those of an interrupted run, which will continue, are kept.</summary>
    public double? CheckpointDays { get; set; }

    /// <summary>Days to keep predictions other than those of the first, the best and the last evaluation.</summary>
    public double? PredictionDays { get; set; }
}
