using LoraLab.Contracts.Live;

namespace LoraLab.Web.State;

/// <summary>A sample of the machine with its time.</summary>
/// <param name="At">UTC.</param>
/// <param name="Sample">The sample.</param>
public sealed record TimedSample(DateTimeOffset At, SystemSample Sample);
