using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs.Merging;

/// <summary>A merge that is waiting, in progress or failed.</summary>
internal sealed class MergeJob(string runId, AdapterChoice which, WorkerLocator locator) : IDisposable
{
    private readonly CancellationTokenSource _cancelled = new();
    private volatile RunMerge _state = new() { RunId = runId, Which = which, State = MergeState.Waiting };
    private volatile string _lastLine = "";

    /// <summary>Its state now.</summary>
    public RunMerge State => _state;

    /// <summary>Whether it still works.</summary>
    public bool IsLive => _state.State is MergeState.Waiting or MergeState.Running;

    /// <summary>Cancelled when the client no longer wants it.</summary>
    public CancellationToken Cancelled => _cancelled.Token;

    /// <summary>Merges into a folder, which must not exist; the process is killed if the job is cancelled.</summary>
    /// <param name="model">Name of the base model.</param>
    /// <param name="folder">The folder to create.</param>
    /// <param name="cancellationToken">Cancelled if the job is, or if the server stops.</param>
    /// <returns>Whether the folder is complete.</returns>
    public async Task<bool> RunAsync(string model, string folder, CancellationToken cancellationToken)
    {
        _state = _state with { State = MergeState.Running };
        ProcessStartInfo start = locator.Command("merge");
        // One thread: a run may be training on the others.
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (string argument in (string[])[
            "--adapter", new AdapterReference(runId, which).Text, "--model", model, "--out", folder, "--progress"])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using WorkerProcess process = WorkerProcess.Start(start, OnLine, line => _lastLine = line);
            await using CancellationTokenRegistration kill = cancellationToken.Register(process.Kill);
            int exit = await process.Exited;
            cancellationToken.ThrowIfCancellationRequested();
            if (exit == ExitCodes.Success)
            {
                return true;
            }

            Fail(_lastLine.Length > 0 ? _lastLine : $"The trainer exited with code {exit} while merging; merge again.");
        }
        catch (Win32Exception error)
        {
            Fail(locator.CannotStart(error));
        }

        return false;
    }

    /// <summary>Records why it failed.</summary>
    public void Fail(string message) => _state = _state with { State = MergeState.Failed, Error = message, Done = null, Total = null };

    /// <summary>Ends it.</summary>
    public void Cancel() => _cancelled.Cancel();

    public void Dispose() => _cancelled.Dispose();

    private void OnLine(string line)
    {
        try
        {
            if (line.StartsWith('{') && JsonSerializer.Deserialize<MergeProgress>(line, ContractJson.Options) is { } progress)
            {
                _state = _state with { Done = progress.Done, Total = progress.Total };
                return;
            }
        }
        catch (JsonException)
        {
            // Another line that begins like an object.
        }

        _lastLine = line;
    }
}
