using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LoraLab.Server.Infrastructure.Observability;

/// <summary>
/// The server's own instruments. Static, as .NET's are: callers need no injected dependency, and they cost nothing without a listener.
/// </summary>
internal static class Telemetry
{
    public const string Name = "LoraLab.Server";

    private static readonly Meter _meter = new(Name, ServerVersion.Text);

    public static ActivitySource Source { get; } = new(Name, ServerVersion.Text);

    /// <summary>Optimizer steps reported by runs.</summary>
    public static Counter<long> Steps { get; } = _meter.CreateCounter<long>(
        "loralab.run.steps", "{step}", "Optimizer steps imported into the store.");

    /// <summary>Worker events, by kind.</summary>
    public static Counter<long> Events { get; } = _meter.CreateCounter<long>(
        "loralab.worker.events", "{event}", "Worker events imported into the store.");

    /// <summary>From the time of an event to its import into the store.</summary>
    public static Histogram<double> ImportLag { get; } = _meter.CreateHistogram<double>(
        "loralab.import.lag", "s", "Age of a worker event at its import into the store.");

    /// <summary>Worker processes that started a run, <c>warm</c> or not.</summary>
    public static Counter<long> WorkerStarts { get; } = _meter.CreateCounter<long>(
        "loralab.worker.starts", "{process}", "Worker processes that started a run.");

    /// <summary>Attempts that ended, by the resulting state.</summary>
    public static Counter<long> RunsEnded { get; } = _meter.CreateCounter<long>(
        "loralab.runs.ended", "{run}", "Attempts that ended, by the resulting state.");

    /// <summary>Time inside the store's lock for one transaction, with or without writes.</summary>
    public static Histogram<double> StoreWrite { get; } = _meter.CreateHistogram<double>(
        "loralab.store.write.duration", "s", "Duration of a store transaction.");

    /// <summary>Registers a gauge that is read on collection.</summary>
    public static void Observe(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableGauge(name, read, unit, description);
}
