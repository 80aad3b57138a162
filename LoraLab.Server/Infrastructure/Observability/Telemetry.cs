using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LoraLab.Server.Infrastructure.Observability;

/// <summary>
/// The server's own instruments. Static, as .NET's are: who measures needs no constructor for it, and nothing is paid while nobody listens.
/// </summary>
internal static class Telemetry
{
    public const string Name = "LoraLab.Server";

    private static readonly Meter Meter = new(Name, ServerVersion.Text);

    public static ActivitySource Source { get; } = new(Name, ServerVersion.Text);

    /// <summary>Optimizer steps that runs reported.</summary>
    public static Counter<long> Steps { get; } = Meter.CreateCounter<long>("loralab.run.steps", "{step}", "Optimizer steps taken into the store.");

    /// <summary>Events of workers, by kind.</summary>
    public static Counter<long> Events { get; } = Meter.CreateCounter<long>("loralab.worker.events", "{event}", "Worker events taken into the store.");

    /// <summary>From the moment that an event was told to the moment that it is in the store.</summary>
    public static Histogram<double> ImportLag { get; } = Meter.CreateHistogram<double>("loralab.import.lag", "s", "Age of a worker's event when it is in the store.");

    /// <summary>Worker processes that were given a run, <c>warm</c> or not.</summary>
    public static Counter<long> WorkerStarts { get; } = Meter.CreateCounter<long>("loralab.worker.starts", "{process}", "Worker processes that were given a run.");

    /// <summary>Runs that ended, by reason.</summary>
    public static Counter<long> RunsEnded { get; } = Meter.CreateCounter<long>("loralab.runs.ended", "{run}", "Attempts that came to an end, by the state they left.");

    /// <summary>Time within the store's gate for one transaction, written or not.</summary>
    public static Histogram<double> StoreWrite { get; } = Meter.CreateHistogram<double>("loralab.store.write.duration", "s", "Duration of a transaction of the store.");

    /// <summary>A value that is read when somebody collects.</summary>
    public static void Observe(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> read) =>
        Meter.CreateObservableGauge(name, read, unit, description);
}
