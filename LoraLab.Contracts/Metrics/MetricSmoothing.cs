namespace LoraLab.Contracts.Metrics;

/// <summary>How the curve of a metric is smoothed.</summary>
public enum MetricSmoothing
{
    /// <summary>On request.</summary>
    OnRequest,

    /// <summary>By default: the metric is noisy.</summary>
    ByDefault,

    /// <summary>Never: the exact values matter.</summary>
    Never,
}
