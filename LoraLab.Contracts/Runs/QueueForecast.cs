namespace LoraLab.Contracts.Runs;

/// <summary>
/// When the first queued runs are likely to start and end: each on the device that is free first, as long as completed runs of the same
/// model and dataset took.
/// </summary>
/// <param name="Runs">
/// Times by run id. A run behind one of unknown length has none, and neither has any run of a queue that is paused.
/// </param>
public sealed record QueueForecast(IReadOnlyDictionary<string, QueueTimes> Runs);
