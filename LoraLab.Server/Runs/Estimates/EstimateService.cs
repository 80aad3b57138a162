using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs.Estimates;

/// <summary>
/// Estimates memory in a separate inspector process: it loads the tensor library, which the validating inspector never does. It is
/// released after a while without requests, and immediately if it holds a GPU context whose memory a run may need.
/// </summary>
internal sealed class EstimateService : IDisposable
{
    private static readonly TimeSpan _idleTimeout = TimeSpan.FromMinutes(1);

    private readonly TrainerInspector _inspector;
    private readonly SpecChecker _checker;
    private readonly Lanes _lanes;
    private readonly ITimer _idle;
    private int _pending;

    public EstimateService(WorkerLocator locator, SpecChecker checker, Lanes lanes, TimeProvider time, ILogger<TrainerInspector> log)
    {
        _inspector = new TrainerInspector(locator, log);
        (_checker, _lanes) = (checker, lanes);
        _idle = time.CreateTimer(_ => ReleaseWhenIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The estimate for the lane that would execute the run.</summary>
    /// <exception cref="ApiFailure">The specification is invalid, or the trainer is unavailable.</exception>
    public async Task<MemoryEstimate> EstimateAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        SpecValidation valid = await _checker.CheckAsync(spec, cancellationToken);
        string device = _lanes.Everywhere.First(lane => lane.Accepts(valid.Spec!.Device)).DeviceFor(valid.Spec!.Device);
        JsonObject resolved = spec.DeepClone().AsObject();
        resolved["device"] = device;
        Interlocked.Increment(ref _pending);
        try
        {
            InspectResponse response = await _inspector.RequestAsync(
                new InspectRequest { Kind = "estimate", Spec = resolved }, cancellationToken);
            return response switch
            {
                { Estimate: { } estimate } => Keep(estimate),
                { Validation.Errors: { Count: > 0 } errors } => throw ApiFailure.Invalid(errors),
                _ => throw ApiFailure.Unavailable("trainerUnavailable", "The trainer did not return an estimate."),
            };
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
            _idle.Change(_idleTimeout, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _idle.Dispose();
        _inspector.Dispose();
    }

    private MemoryEstimate Keep(MemoryEstimate estimate)
    {
        if (estimate.Device != "cpu" && Volatile.Read(ref _pending) == 1)
        {
            _inspector.Release();
        }

        return estimate;
    }

    private void ReleaseWhenIdle()
    {
        if (Volatile.Read(ref _pending) == 0)
        {
            _inspector.Release();
        }
    }
}
