namespace LoraLab.Server.Storage.Leases;

/// <summary>The right of this node to execute an attempt of a run and to write what it does.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="Token">Random; another node that continues the run has another.</param>
/// <param name="Until">
/// When it ends unless it is renewed, in milliseconds of <see cref="Contracts.Worker.MonotonicClock"/>: not later than by the database's
/// clock, because it is counted from before the request was sent.
/// </param>
internal sealed record Lease(string RunId, int Attempt, Guid Token, long Until);
