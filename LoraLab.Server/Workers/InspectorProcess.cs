using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>An inspector process: requests carry an id, and responses return it.</summary>
internal sealed class InspectorProcess : IDisposable
{
    private const int KeptLines = 5;

    private readonly WorkerProcess _process;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<InspectResponse>> _waiting = new();
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ILogger _log;
    private volatile bool _exited;
    private long _lastId;

    public InspectorProcess(ProcessStartInfo command, ILogger log)
    {
        _log = log;
        _process = WorkerProcess.Start(command, OnOutput, OnError);
        _process.Exited.ContinueWith(_ => Abandon(), TaskScheduler.Default);
    }

    public bool IsAlive => !_exited;

    /// <summary>Its last output lines other than responses.</summary>
    public string LastLines => string.Join(" ", _lines);

    public async Task<InspectResponse> RequestAsync(InspectRequest request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long id = Interlocked.Increment(ref _lastId);
        TaskCompletionSource<InspectResponse> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        if (_exited)
        {
            answer.TrySetException(new TrainerExitedException());
        }

        try
        {
            await _process.SendAsync(request with { Id = id });
            return await answer.Task.WaitAsync(timeout, cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    public void Dispose()
    {
        Abandon();
        _process.CloseInput();
        _process.Kill();
    }

    private void OnOutput(string line)
    {
        try
        {
            if (line.StartsWith('{') && JsonSerializer.Deserialize<InspectResponse>(line, ContractJson.Options) is { } response)
            {
                if (_waiting.TryRemove(response.Id, out TaskCompletionSource<InspectResponse>? answer))
                {
                    answer.TrySetResult(response);
                }

                return;
            }
        }
        catch (JsonException error)
        {
            _log.LogWarning("The trainer's response cannot be read: {Reason}", error.Message);
        }

        OnError(line);
    }

    private void OnError(string line)
    {
        _log.LogDebug("inspect: {Line}", line);
        _lines.Enqueue(line);
        while (_lines.Count > KeptLines)
        {
            _lines.TryDequeue(out _);
        }
    }

    private void Abandon()
    {
        _exited = true;
        foreach (TaskCompletionSource<InspectResponse> answer in _waiting.Values)
        {
            answer.TrySetException(new TrainerExitedException());
        }
    }
}
