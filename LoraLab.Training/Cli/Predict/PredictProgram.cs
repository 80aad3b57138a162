using System.Collections.Concurrent;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Cli.Predict;

/// <summary>
/// Runs the hidden command <c>predict</c>: answers requests one after another until stdin ends. The model of the last one stays loaded.
/// </summary>
public static class PredictProgram
{
    /// <summary>Without a server the process must free the device soon.</summary>
    private static readonly TimeSpan _gracePeriod = TimeSpan.FromSeconds(4.5);

    /// <summary>Answers requests until stdin ends; returns the exit code.</summary>
    public static int Run(TrainerServices services, TextReader input, TextWriter output)
    {
        using BlockingCollection<PredictCommand> commands = [];
        using Abandoned abandoned = new();
        new Thread(() => Listen(input, commands, abandoned)) { IsBackground = true, Name = "requests" }.Start();
        using Predictor predictor = new(services);
        foreach (PredictCommand command in commands.GetConsumingEnumerable())
        {
            using CancellationTokenSource stopping = abandoned.Begin(command.Id);
            PredictAnswer answer = Answer(predictor, command, stopping, () => Write(new() { Id = command.Id, Loaded = true }));
            Write(answer with { Id = command.Id });
        }

        return ExitCodes.Success;

        void Write(PredictAnswer answer)
        {
            output.WriteLine(JsonSerializer.Serialize(answer, ContractJson.Options));
            output.Flush();
        }
    }

    /// <summary>Computes the answer to a request.</summary>
    /// <param name="predictor">The predictor.</param>
    /// <param name="command">The request.</param>
    /// <param name="stopping">Ends the computation; it is given its time when the model is loaded.</param>
    /// <param name="onLoaded">Called when the model is loaded.</param>
    internal static PredictAnswer Answer(Predictor predictor, PredictCommand command, CancellationTokenSource stopping, Action onLoaded)
    {
        try
        {
            return new()
            {
                Answers = predictor.Predict(
                    command,
                    () =>
                    {
                        onLoaded();
                        stopping.CancelAfter(TimeSpan.FromSeconds(command.Seconds));
                    },
                    stopping.Token),
            };
        }
        catch (PredictRefusal refused)
        {
            return new() { Error = refused.Message, Field = refused.Field, Conflict = refused.Field is null };
        }
        catch (RunFailure failure)
        {
            bool ofRun = command.Runs.Count > 0;
            return new() { Error = failure.Message, Field = ofRun ? null : failure.Field, Conflict = ofRun };
        }
        catch (OperationCanceledException)
        {
            return new() { Error = $"The prediction took longer than {NumberFormat.Number(command.Seconds)} seconds.", TimedOut = true };
        }
        catch (Exception e) when (e is not OutOfMemoryException && !CommandEnd.IsLoss(e))
        {
            // One request that fails must not end the process, whose model is loaded; without its device, it can answer no other.
            return new() { Error = CommandEnd.Sentence(e) ?? e.Message };
        }
    }

    private static void Listen(TextReader input, BlockingCollection<PredictCommand> commands, Abandoned abandoned)
    {
        while (input.ReadLine() is string line)
        {
            PredictCommand command = JsonSerializer.Deserialize<PredictCommand>(line, ContractJson.Options)!;
            if (command.Cancel)
            {
                abandoned.Cancel(command.Id);
            }
            else
            {
                commands.Add(command);
            }
        }

        abandoned.CancelAll();
        commands.CompleteAdding();
        Thread.Sleep(_gracePeriod);
        Environment.Exit(ExitCodes.Success);
    }

    /// <summary>The requests that are not needed anymore.</summary>
    private sealed class Abandoned : IDisposable
    {
        private readonly HashSet<long> _ids = [];
        private readonly CancellationTokenSource _all = new();
        private (long Id, CancellationTokenSource Source)? _current;

        public CancellationTokenSource Begin(long id)
        {
            lock (_ids)
            {
                CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(_all.Token);
                if (_ids.Remove(id))
                {
                    source.Cancel();
                }

                _current = (id, source);
                return source;
            }
        }

        public void Cancel(long id)
        {
            lock (_ids)
            {
                if (_current is { } current && current.Id >= id)
                {
                    if (current.Id == id)
                    {
                        Cancel(current.Source);
                    }
                }
                else
                {
                    _ids.Add(id);
                }
            }
        }

        public void CancelAll() => _all.Cancel();

        public void Dispose() => _all.Dispose();

        private static void Cancel(CancellationTokenSource source)
        {
            try
            {
                source.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // Its request was answered meanwhile.
            }
        }
    }
}
