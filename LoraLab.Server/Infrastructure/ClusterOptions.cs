namespace LoraLab.Server.Infrastructure;

/// <summary>How nodes share a PostgreSQL database.</summary>
internal sealed class ClusterOptions
{
    /// <summary>
    /// For how long a node keeps its runs without reaching the database, in seconds; then another node continues them. It renews them four
    /// times as often.
    /// </summary>
    public double LeaseSeconds { get; set; } = 120;
}
