using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Worker;

/// <summary>
/// Reads a worker's stdin on a thread of its own, so that an idle worker hears at once when it is given a run, and a working one when
/// it is cancelled or left alone.
/// </summary>
internal sealed class CommandReader
{
    private readonly TaskCompletionSource<WorkerCommand?> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _heard = new();
    private readonly StopSignal _stop;

    /// <summary>Begins to read; what comes behind the first line goes to <paramref name="stop"/>.</summary>
    public CommandReader(TextReader input, StopSignal stop)
    {
        _stop = stop;
        new Thread(() => Listen(input)) { IsBackground = true, Name = "commands" }.Start();
    }

    /// <summary>The first line; null when stdin ended without one.</summary>
    public Task<WorkerCommand?> First => _first.Task;

    /// <summary>Set when <see cref="First"/> is known.</summary>
    public CancellationToken Heard => _heard.Token;

    private void Listen(TextReader input)
    {
        while (input.ReadLine() is string line)
        {
            WorkerCommand command = Parse(line);
            if (_first.TrySetResult(command))
            {
                _heard.Cancel();
            }
            else if (command.Cancel)
            {
                _stop.Cancel();
            }
        }

        if (_first.TrySetResult(null))
        {
            _heard.Cancel();
        }
        else
        {
            _stop.Abandon("stopped: the server is gone");
        }
    }

    /// <summary>A line that is no command is one that commands nothing.</summary>
    private static WorkerCommand Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<WorkerCommand>(line, ContractJson.Options) ?? new();
        }
        catch (JsonException)
        {
            return new();
        }
    }
}
