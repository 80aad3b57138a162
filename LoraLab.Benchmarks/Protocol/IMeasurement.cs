namespace LoraLab.Benchmarks.Protocol;

/// <summary>Something that is measured: what is A, what is B, in which unit, and what it has to be.</summary>
internal interface IMeasurement
{
    /// <summary>Name on the command line.</summary>
    string Name { get; }

    /// <summary>One line on what it compares.</summary>
    string What { get; }

    /// <summary>Measures. The first finding is the one that the targets are about.</summary>
    /// <exception cref="NotMeasuredException">Something that it needs is not there.</exception>
    IReadOnlyList<Finding> Run(Bench bench);
}

/// <summary>A measurement cannot be made here; the message is one sentence that says why.</summary>
internal sealed class NotMeasuredException(string message) : Exception(message);
