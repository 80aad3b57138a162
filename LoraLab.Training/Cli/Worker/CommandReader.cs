using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// Reads a worker's stdin on a thread of its own, so that an idle worker receives its run without delay, and a busy one reacts at once
/// to a cancellation or the end of stdin.
/// </summary>
internal sealed class CommandReader
{
    private readonly TaskCompletionSource<WorkerCommand?> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _received = new();
    private readonly StopSignal _stop;
    private readonly TimeSpan _gracePeriod;
    private readonly Action _onOverdue;
    private readonly WorkerDeadline _deadline;

    /// <summary>Starts reading; commands after the first go to <paramref name="stop"/>.</summary>
    /// <param name="input">The worker's stdin.</param>
    /// <param name="stop">Signals the run to stop.</param>
    /// <param name="gracePeriod">Time after the end of stdin in which the process must exit.</param>
    /// <param name="onOverdue">Called if it has not, and at the deadline of a command.</param>
    public CommandReader(TextReader input, StopSignal stop, TimeSpan gracePeriod, Action onOverdue)
    {
        (_stop, _gracePeriod, _onOverdue) = (stop, gracePeriod, onOverdue);
        _deadline = new WorkerDeadline(stop, gracePeriod, onOverdue);
        new Thread(() => Listen(input)) { IsBackground = true, Name = "commands" }.Start();
    }

    /// <summary>The first command; null if stdin ended without one.</summary>
    public Task<WorkerCommand?> First => _first.Task;

    /// <summary>Cancelled when <see cref="First"/> has completed.</summary>
    public CancellationToken Received => _received.Token;

    private void Listen(TextReader input)
    {
        while (input.ReadLine() is string line)
        {
            WorkerCommand command = Parse(line);
            if (command.Until is long until)
            {
                _deadline.Extend(until);
                if (command is { RunDirectory: null, Cancel: false })
                {
                    continue;
                }
            }

            if (_first.TrySetResult(command))
            {
                _received.Cancel();
            }
            else if (command.Cancel)
            {
                _stop.Cancel();
            }
        }

        if (_first.TrySetResult(null))
        {
            _received.Cancel();
        }
        else
        {
            _stop.Abandon("stopped: the server has exited");
        }

        Thread.Sleep(_gracePeriod);
        _onOverdue();
    }

    /// <summary>Parses a command; an invalid line is an empty command.</summary>
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
