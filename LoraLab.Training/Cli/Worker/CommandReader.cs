using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// Reads a worker's stdin on a thread of its own, so that an idle worker hears at once when it is given a run, and a working one when
/// it is cancelled or left alone.
/// </summary>
internal sealed class CommandReader
{
    private readonly TaskCompletionSource<WorkerCommand?> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _heard = new();
    private readonly StopSignal _stop;
    private readonly TimeSpan _patience;
    private readonly Action _overdue;

    /// <summary>Begins to read; what comes behind the first line goes to <paramref name="stop"/>.</summary>
    /// <param name="input">The worker's stdin.</param>
    /// <param name="stop">Asks the run to stop.</param>
    /// <param name="patience">How long the process may go on after the end of its stdin.</param>
    /// <param name="overdue">It went on for longer.</param>
    public CommandReader(TextReader input, StopSignal stop, TimeSpan patience, Action overdue)
    {
        (_stop, _patience, _overdue) = (stop, patience, overdue);
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

        Thread.Sleep(_patience);
        _overdue();
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
