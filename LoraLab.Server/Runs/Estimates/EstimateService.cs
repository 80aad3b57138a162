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
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(1);

    private readonly TrainerInspector inspector;
    private readonly SpecChecker checker;
    private readonly Lanes lanes;
    private readonly ITimer idle;
    private int pending;

    public EstimateService(WorkerLocator locator, SpecChecker checker, Lanes lanes, TimeProvider time, ILogger<TrainerInspector> log)
    {
        inspector = new TrainerInspector(locator, log);
        (this.checker, this.lanes) = (checker, lanes);
        idle = time.CreateTimer(_ => ReleaseWhenIdle(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The estimate for the lane that would execute the run.</summary>
    /// <exception cref="ApiFailure">The specification is invalid, or the trainer is unavailable.</exception>
    public async Task<MemoryEstimate> EstimateAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        SpecValidation valid = await checker.CheckAsync(spec, cancellationToken);
        string device = lanes.All.First(lane => lane.Accepts(valid.Spec!.Device)).DeviceFor(valid.Spec!.Device);
        JsonObject resolved = spec.DeepClone().AsObject();
        resolved["device"] = device;
        Interlocked.Increment(ref pending);
        try
        {
            InspectResponse response = await inspector.RequestAsync(new InspectRequest { Kind = "estimate", Spec = resolved }, cancellationToken);
            return response switch
            {
                { Estimate: { } estimate } => Keep(estimate),
                { Validation.Errors: { Count: > 0 } errors } => throw ApiFailure.Invalid(errors),
                _ => throw ApiFailure.Unavailable("trainerUnavailable", "The trainer did not return an estimate."),
            };
        }
        finally
        {
            Interlocked.Decrement(ref pending);
            idle.Change(IdleTimeout, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        idle.Dispose();
        inspector.Dispose();
    }

    private MemoryEstimate Keep(MemoryEstimate estimate)
    {
        if (estimate.Device != "cpu" && Volatile.Read(ref pending) == 1)
        {
            inspector.Release();
        }

        return estimate;
    }

    private void ReleaseWhenIdle()
    {
        if (Volatile.Read(ref pending) == 0)
        {
            inspector.Release();
        }
    }
}
