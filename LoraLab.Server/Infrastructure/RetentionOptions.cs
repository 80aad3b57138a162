namespace LoraLab.Server.Infrastructure;

/// <summary>How long files of ended runs are kept; null: for ever. Results are kept in any case.</summary>
internal sealed class RetentionOptions
{
    /// <summary>Checkpoints, counted from the end of a run; those of an interrupted run, which will go on, are kept.</summary>
    public double? CheckpointDays { get; set; }

    /// <summary>Predictions between the first, the best and the last evaluation.</summary>
    public double? PredictionDays { get; set; }
}
