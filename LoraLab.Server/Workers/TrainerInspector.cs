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
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private InspectorProcess? _current;
    private IReadOnlyList<MethodDescriptor>? _methods;
    private bool _disposed;

    /// <summary>The methods if they were requested before; they are when the server starts.</summary>
    public IReadOnlyList<MethodDescriptor> KnownMethods => _methods ?? [];

    /// <summary>The methods; they are part of the trainer's program, so they are requested once.</summary>
    public async Task<IReadOnlyList<MethodDescriptor>> MethodsAsync(CancellationToken cancellationToken) =>
        _methods ??= (await RequestAsync(new InspectRequest { Kind = "methods" }, cancellationToken)).Methods ?? [];

    public async Task<InspectResponse> RequestAsync(InspectRequest request, CancellationToken cancellationToken)
    {
        for (bool again = false; ; again = true)
        {
            InspectorProcess process = Current();
            try
            {
                InspectResponse response = await process.RequestAsync(request, _timeout, cancellationToken);
                return response.Error is null ? response : throw ApiFailure.Unavailable("trainerRefused", response.Error);
            }
            catch (TrainerExitedException) when (!again)
            {
                log.LogWarning("The inspector exited and is restarted. {Lines}", process.LastLines);
            }
            catch (TrainerExitedException)
            {
                throw ApiFailure.Unavailable(
                    "trainerUnavailable", $"The trainer exited during the request for {request.Kind}. {process.LastLines}".Trim());
            }
            catch (TimeoutException)
            {
                process.Dispose();
                throw ApiFailure.Unavailable("trainerTimeout", $"The trainer did not respond to the request for {request.Kind} within "
                    + $"{_timeout.TotalSeconds} seconds; it will be restarted.");
            }
        }
    }

    /// <summary>Stops the process until the next request.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _current?.Dispose();
            _current = null;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _current?.Dispose();
        }
    }

    private InspectorProcess Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_current is { IsAlive: true })
            {
                return _current;
            }

            _current?.Dispose();
            if (locator.Problem is { } problem)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", problem);
            }

            try
            {
                return _current = new InspectorProcess(locator.Command("inspect"), log);
            }
            catch (Win32Exception error)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", locator.CannotStart(error));
            }
        }
    }
}
