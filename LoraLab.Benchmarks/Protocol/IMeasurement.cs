namespace LoraLab.Benchmarks.Protocol;

/// <summary>A measurement: its sides, unit and target.</summary>
internal interface IMeasurement
{
    /// <summary>Name on the command line.</summary>
    string Name { get; }

    /// <summary>One-line description of the comparison.</summary>
    string Description { get; }

    /// <summary>Measures. The target applies to the first finding.</summary>
    /// <exception cref="NotMeasuredException">A requirement is missing.</exception>
    IReadOnlyList<Finding> Run(Bench bench);
}

/// <summary>A measurement is not possible on this machine; the message is the reason in one sentence.</summary>
internal sealed class NotMeasuredException(string message) : Exception(message);
