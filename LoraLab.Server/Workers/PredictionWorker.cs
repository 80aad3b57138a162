using System.ComponentModel;
using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Workers;

/// <summary>
/// The trainer process that computes predictions. It is started for a request, ended after a while without one, and ended before a run
/// takes a device. While no run is executed it uses the first lane's device; beside a run, one thread of the CPU.
/// </summary>
internal sealed class PredictionWorker : IDisposable
{
    /// <summary>Requests that may wait while one is computed.</summary>
    public const int MaximumWaiting = 8;

    private static readonly TimeSpan _loading = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _exit = TimeSpan.FromSeconds(5);

    private readonly WorkerLocator _locator;
    private readonly ActiveRuns _active;
    private readonly PredictionOptions _options;
    private readonly ILogger<PredictionWorker> _log;
    private readonly string _device;
    private readonly ITimer _idle;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private PredictionProcess? _current;
    private bool _besideRuns;
    private bool _disposed;
    private int _runs;
    private int _waiting;
    private long _lastId;

    public PredictionWorker(
        WorkerLocator locator, ActiveRuns active, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<PredictionWorker> log)
    {
        (_locator, _active, _options, _log) = (locator, active, options.Value.Predictions, log);
        _device = options.Value.Devices is [string first, ..] ? first : "auto";
        _idle = time.CreateTimer(_ => Release(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Id of the process; null: there is none.</summary>
    public int? ProcessId
    {
        get
        {
            lock (_gate)
            {
                return _current is { IsAlive: true } process ? process.Id : null;
            }
        }
    }

    // The process itself ends a prediction after its time; this is for one that does not.
    private TimeSpan Computing => TimeSpan.FromSeconds(_options.Seconds + Math.Min(_options.Seconds, 5));

    /// <summary>Ends the process for a run that will take a device; none is on it until the result is disposed.</summary>
    public async Task<IDisposable> MakeRoomAsync()
    {
        PredictionProcess? ended;
        lock (_gate)
        {
            _runs++;
            (ended, _current) = (_current, null);
            ended?.Displace();
        }

        if (ended is not null)
        {
            // Its memory is free when it has exited.
            await Task.WhenAny(ended.Exited, Task.Delay(_exit));
        }

        return new Room(() => Interlocked.Decrement(ref _runs));
    }

    /// <summary>Computes a prediction.</summary>
    /// <param name="command">The request.</param>
    /// <param name="onBeside">Called with the id of each run beside which it is computed.</param>
    /// <param name="cancellationToken">Gives the request up.</param>
    /// <exception cref="ApiFailure">The request cannot be fulfilled, or not now.</exception>
    public async Task<IReadOnlyList<PredictResult>> AskAsync(
        PredictCommand command, Action<string> onBeside, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > MaximumWaiting + 1)
        {
            Interlocked.Decrement(ref _waiting);
            throw ApiFailure.TooMany(
                "tooManyPredictions",
                $"{MaximumWaiting} predictions are waiting already; ask again in a few seconds.",
                TimeSpan.FromSeconds(5));
        }

        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                return await AskInTurnAsync(command, onBeside, cancellationToken);
            }
            finally
            {
                _idle.Change(TimeSpan.FromSeconds(_options.IdleSeconds), Timeout.InfiniteTimeSpan);
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void Dispose()
    {
        _idle.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _current?.Dispose();
        }
    }

    private async Task<IReadOnlyList<PredictResult>> AskInTurnAsync(
        PredictCommand command, Action<string> onBeside, CancellationToken cancellationToken)
    {
        (PredictionProcess process, bool beside) = Current();
        using BesideRuns? marking = beside ? new(_active, onBeside) : null;
        try
        {
            PredictCommand sent = command with { Id = Interlocked.Increment(ref _lastId), Seconds = _options.Seconds };
            PredictAnswer answer = await process.AskAsync(sent, _loading, Computing, cancellationToken);
            return answer.Answers ?? throw Failure(answer);
        }
        catch (TrainerExitedException)
        {
            throw process.Displaced
                ? ApiFailure.Unavailable("predictDisplaced", "The prediction was ended because a run started; ask again.")
                : ApiFailure.Unavailable(
                    "trainerUnavailable", $"The trainer exited during the prediction; ask again. {process.LastLine}".Trim());
        }
        catch (TimeoutException)
        {
            process.Dispose();
            throw ApiFailure.Unavailable(
                "predictTimeout", "The trainer did not answer in time and was ended; ask again with fewer inputs or tokens.");
        }
    }

    private static ApiFailure Failure(PredictAnswer answer) => answer switch
    {
        { TimedOut: true } => ApiFailure.Unavailable("predictTimeout", $"{answer.Error} Ask for fewer inputs or tokens."),
        { Field: { } field } => ApiFailure.Invalid(field, answer.Error!),
        { Conflict: true } => ApiFailure.Conflict("cannotPredict", answer.Error!),
        _ => ApiFailure.Unavailable("trainerRefused", answer.Error ?? "The trainer did not return a prediction."),
    };

    private (PredictionProcess Process, bool BesideRuns) Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            bool beside = Volatile.Read(ref _runs) > 0;
            if (_current is { IsAlive: true } && _besideRuns == beside)
            {
                return (_current, beside);
            }

            _current?.Dispose();
            if (_locator.Problem is { } problem)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", problem);
            }

            ProcessStartInfo start = _locator.Command("predict", beside ? "cpu" : _device);
            if (beside)
            {
                start.Environment["OMP_NUM_THREADS"] = "1";
                start.Environment["MKL_NUM_THREADS"] = "1";
            }

            try
            {
                (_current, _besideRuns) = (new PredictionProcess(start, _log), beside);
                return (_current, beside);
            }
            catch (Win32Exception error)
            {
                throw ApiFailure.Unavailable("trainerUnavailable", _locator.CannotStart(error));
            }
        }
    }

    private void Release()
    {
        lock (_gate)
        {
            if (Volatile.Read(ref _waiting) == 0)
            {
                _current?.Dispose();
                _current = null;
            }
        }
    }

    private sealed class Room(Action release) : IDisposable
    {
        private Action? _release = release;

        public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
    }
}
