using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Library.Pulls;

/// <summary>The trainer's <c>pull</c> as a process. What it has downloaded stays when it is ended.</summary>
internal sealed class PullProcess : IDisposable
{
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(5);

    private readonly WorkerProcess _process;
    private volatile string _lastLine = "";

    private PullProcess(ProcessStartInfo command, Action<PullEvent> onEvent, ILogger log)
    {
        _process = WorkerProcess.Start(
            command,
            line =>
            {
                if (Read(line) is { } read)
                {
                    onEvent(read);
                }
                else
                {
                    log.LogDebug("pull: {Line}", line);
                    _lastLine = line;
                }
            },
            line => _lastLine = line);
    }

    /// <summary>Completes with the exit code after the last event.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>The last line of its output that is no event.</summary>
    public string LastLine => _lastLine;

    /// <summary>Starts a download.</summary>
    public static PullProcess Start(WorkerLocator locator, PullDocument pull, Action<PullEvent> onEvent, ILogger log)
    {
        ProcessStartInfo command = locator.Command("pull");
        command.ArgumentList.Add("--events");
        command.ArgumentList.Add("--kind");
        command.ArgumentList.Add(pull.Kind == PullKind.Model ? "models" : "datasets");
        // A name that begins with a dash is no option.
        command.ArgumentList.Add("--");
        command.ArgumentList.Add(pull.Revision is null ? pull.Name : $"{pull.Name}@{pull.Revision}");
        return new(command, onEvent, log);
    }

    /// <summary>Ends the process: it stops at the end of its input, or is killed.</summary>
    public async Task StopAsync()
    {
        _process.CloseInput();
        if (await Task.WhenAny(_process.Exited, Task.Delay(_grace)) != _process.Exited)
        {
            _process.Kill();
        }

        await _process.Exited;
    }

    public void Dispose()
    {
        _process.CloseInput();
        _process.Kill();
        _process.Dispose();
    }

    private static PullEvent? Read(string line)
    {
        try
        {
            return line.StartsWith('{') ? JsonSerializer.Deserialize<PullEvent>(line, ContractJson.Options) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
