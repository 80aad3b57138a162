using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>A trainer process that computes predictions, one request at a time.</summary>
internal sealed class PredictionProcess : IDisposable
{
    private readonly WorkerProcess _process;
    private readonly Channel<PredictAnswer> _answers = Channel.CreateUnbounded<PredictAnswer>();
    private readonly ILogger _log;
    private volatile bool _disposed;
    private volatile string _lastLine = "";

    public PredictionProcess(ProcessStartInfo command, ILogger log)
    {
        _log = log;
        _process = WorkerProcess.Start(command, OnOutput, OnError);
        _process.Exited.ContinueWith(_ => _answers.Writer.TryComplete(), TaskScheduler.Default);
    }

    public int Id => _process.Id;

    public bool IsAlive => !_disposed && _process.IsAlive;

    /// <summary>Completes when the process has exited.</summary>
    public Task Exited => _process.Exited;

    /// <summary>Whether it was ended because its device was needed.</summary>
    public bool Displaced { get; private set; }

    /// <summary>The last line of its output that is no answer.</summary>
    public string LastLine => _lastLine;

    /// <summary>Sends a request and waits for its result or error.</summary>
    /// <param name="command">The request; an earlier one has been answered or given up.</param>
    /// <param name="loading">Time until the model is loaded.</param>
    /// <param name="computing">Time of the prediction.</param>
    /// <param name="cancellationToken">Gives the request up.</param>
    /// <exception cref="TrainerExitedException">The process has exited.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public async Task<PredictAnswer> AskAsync(
        PredictCommand command, TimeSpan loading, TimeSpan computing, CancellationToken cancellationToken)
    {
        try
        {
            await _process.SendAsync(command);
            PredictAnswer answer = await NextAsync(command.Id, loading, cancellationToken);
            return answer.Loaded ? await NextAsync(command.Id, computing, cancellationToken) : answer;
        }
        catch (OperationCanceledException)
        {
            await _process.SendAsync(new PredictCommand { Id = command.Id, Cancel = true });
            throw;
        }
    }

    /// <summary>Ends the process because its device is needed.</summary>
    public void Displace()
    {
        Displaced = true;
        Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        _answers.Writer.TryComplete();
        _process.CloseInput();
        _process.Kill();
    }

    /// <summary>The next answer to a request; answers to those given up are skipped.</summary>
    private async Task<PredictAnswer> NextAsync(long id, TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            waiting.CancelAfter(atMost);
            PredictAnswer answer;
            do
            {
                answer = await _answers.Reader.ReadAsync(waiting.Token);
            }
            while (answer.Id != id);
            return answer;
        }
        catch (ChannelClosedException)
        {
            throw new TrainerExitedException();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    private void OnOutput(string line)
    {
        try
        {
            if (line.StartsWith('{') && JsonSerializer.Deserialize<PredictAnswer>(line, ContractJson.Options) is { } answer)
            {
                _answers.Writer.TryWrite(answer);
                return;
            }
        }
        catch (JsonException error)
        {
            _log.LogWarning("The trainer's prediction cannot be read: {Reason}", error.Message);
        }

        OnError(line);
    }

    private void OnError(string line)
    {
        _log.LogDebug("predict: {Line}", line);
        _lastLine = line;
    }
}
