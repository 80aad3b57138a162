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

    private readonly WorkerProcess process;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<InspectResponse>> waiting = new();
    private readonly ConcurrentQueue<string> lines = new();
    private readonly ILogger log;
    private volatile bool exited;
    private long lastId;

    public InspectorProcess(ProcessStartInfo command, ILogger log)
    {
        this.log = log;
        process = WorkerProcess.Start(command, OnOutput, OnError);
        process.Exited.ContinueWith(_ => Abandon(), TaskScheduler.Default);
    }

    public bool IsAlive => !exited;

    /// <summary>Its last output lines other than responses.</summary>
    public string LastLines => string.Join(" ", lines);

    public async Task<InspectResponse> RequestAsync(InspectRequest request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long id = Interlocked.Increment(ref lastId);
        TaskCompletionSource<InspectResponse> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = answer;
        if (exited)
        {
            answer.TrySetException(new TrainerExitedException());
        }

        try
        {
            await process.SendAsync(request with { Id = id });
            return await answer.Task.WaitAsync(timeout, cancellationToken);
        }
        finally
        {
            waiting.TryRemove(id, out _);
        }
    }

    public void Dispose()
    {
        Abandon();
        process.CloseInput();
        process.Kill();
    }

    private void OnOutput(string line)
    {
        try
        {
            if (line.StartsWith('{') && JsonSerializer.Deserialize<InspectResponse>(line, ContractJson.Options) is { } response)
            {
                if (waiting.TryRemove(response.Id, out TaskCompletionSource<InspectResponse>? answer))
                {
                    answer.TrySetResult(response);
                }

                return;
            }
        }
        catch (JsonException error)
        {
            log.LogWarning("The trainer's response cannot be read: {Reason}", error.Message);
        }

        OnError(line);
    }

    private void OnError(string line)
    {
        log.LogDebug("inspect: {Line}", line);
        lines.Enqueue(line);
        while (lines.Count > KeptLines)
        {
            lines.TryDequeue(out _);
        }
    }

    private void Abandon()
    {
        exited = true;
        foreach (TaskCompletionSource<InspectResponse> answer in waiting.Values)
        {
            answer.TrySetException(new TrainerExitedException());
        }
    }
}
