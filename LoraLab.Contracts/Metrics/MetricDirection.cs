namespace LoraLab.Contracts.Metrics;

/// <summary>Which values of a metric are better.</summary>
public enum MetricDirection
{
    /// <summary>Neither: the metric describes, and has no best value.</summary>
    None,

    /// <summary>Higher ones.</summary>
    HigherIsBetter,

    /// <summary>Lower ones.</summary>
    LowerIsBetter,
}
