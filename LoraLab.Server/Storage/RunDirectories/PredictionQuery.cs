namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Which predictions of an evaluation to read, and in which order.</summary>
internal sealed record PredictionQuery
{
    /// <summary>All rows in evaluation order.</summary>
    public static PredictionQuery All { get; } = new();

    /// <summary>Rows that are right, or those that are not; null: both, and those without right and wrong.</summary>
    public bool? Correct { get; init; }

    /// <summary>Only rows that are predicted with confidence (<see cref="Contracts.Tasks.Prediction.Confident"/>).</summary>
    public bool Confident { get; init; }

    /// <summary>Only rows whose prediction was not the same at all evaluations after training began.</summary>
    public bool Flipped { get; init; }

    /// <summary>Whether the rows have their predictions at all evaluations.</summary>
    public bool History { get; init; }

    /// <summary>Rows with this true label.</summary>
    public string? Label { get; init; }

    /// <summary>Rows with this predicted label.</summary>
    public string? Predicted { get; init; }

    /// <summary>Rows with this text in a column, in the reference or in what the model wrote, in upper or lower case.</summary>
    public string? Text { get; init; }

    /// <summary>Order of the rows.</summary>
    public PredictionOrder Order { get; init; }

    /// <summary>Number of matching rows to skip.</summary>
    public int Offset { get; init; }

    /// <summary>Maximum number of rows; null: all.</summary>
    public int? Limit { get; init; }
}
