namespace LoraLab.Contracts.Metrics;

/// <summary>How the values of a metric are written.</summary>
public enum MetricFormat
{
    /// <summary>Plain numbers.</summary>
    Number,

    /// <summary>Shares in [0, 1], written as percentages.</summary>
    Share,

    /// <summary>Learning rates, with an exponent below 0.01.</summary>
    Rate,
}
