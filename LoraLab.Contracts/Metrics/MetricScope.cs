namespace LoraLab.Contracts.Metrics;

/// <summary>The tasks that measure a metric.</summary>
public enum MetricScope
{
    /// <summary>All tasks.</summary>
    EveryTask,

    /// <summary>Classification.</summary>
    Classification,

    /// <summary>Completion.</summary>
    Completion,
}
