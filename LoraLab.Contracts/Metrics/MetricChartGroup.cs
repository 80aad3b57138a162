namespace LoraLab.Contracts.Metrics;

/// <summary>Groups of charts, in the order of the page.</summary>
public enum MetricChartGroup
{
    /// <summary>Measured by evaluations.</summary>
    Evaluation,

    /// <summary>Measured at every optimizer step.</summary>
    Training,

    /// <summary>The machine.</summary>
    Machine,
}
