using System.ComponentModel;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Workers;

/// <summary>
/// Queries a resident trainer process for what only the trainer knows: methods, models, datasets, devices, and whether a specification
/// is valid. A process that died is restarted, and the request retried once.
/// </summary>
internal sealed class TrainerInspector(WorkerLocator locator, ILogger<TrainerInspector> log) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly Lock gate = new();
    private InspectorProcess? current;
    private IReadOnlyList<MethodDescriptor>? methods;
    private bool disposed;

    /// <summary>The methods; they are part of the trainer's program, so they are requested once.</summary>
    public async Task<IReadOnlyList<MethodDescriptor>> MethodsAsync(CancellationToken cancellationToken) =>
        methods ??= (await RequestAsync(new InspectRequest { Kind = "methods" }, cancellationToken)).Methods ?? [];

    public async Task<InspectResponse> RequestAsync(InspectRequest request, CancellationToken cancellationToken)
    {
        for (bool again = false; ; again = true)
        {
            InspectorProcess process = Current();
            try
            {
                InspectResponse response = await process.RequestAsync(request, Timeout, cancellationToken);
                return response.Error is null ? response : throw ApiFailure.Unavailable("trainerRefused", response.Error);
            }
            catch (TrainerExitedException) when (!again)
            {
                log.LogWarning("The inspector exited and is restarted. {Lines}", process.LastLines);
            }
            catch (TrainerExitedException)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", $"The trainer exited during the request for {request.Kind}. {process.LastLines}".Trim());
            }
            catch (TimeoutException)
            {
                process.Dispose();
                throw ApiFailure.Unavailable("trainerTimeout", $"The trainer did not respond to the request for {request.Kind} within "
                    + $"{Timeout.TotalSeconds} seconds; it will be restarted.");
            }
        }
    }

    /// <summary>Stops the process until the next request.</summary>
    public void Release()
    {
        lock (gate)
        {
            current?.Dispose();
            current = null;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            current?.Dispose();
        }
    }

    private InspectorProcess Current()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (current is { IsAlive: true })
            {
                return current;
            }

            current?.Dispose();
            if (locator.Problem is { } problem)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", problem);
            }

            try
            {
                return current = new InspectorProcess(locator.Command("inspect"), log);
            }
            catch (Win32Exception error)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", locator.CannotStart(error));
            }
        }
    }
}
