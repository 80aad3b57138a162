using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;

namespace LoraLab.Server.Workers;

/// <summary>A child process with line-based input and output. Its stdin stays open while it is to live.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private volatile Listeners _listeners;

    private WorkerProcess(Process process, Action<string> onOutput, Action<string> onError)
    {
        _process = process;
        _listeners = new(onOutput, onError);
        Id = process.Id;
        StartedAt = ReadStart(process);
        Task output = ReadAsync(process.StandardOutput, line => _listeners.Output(line));
        Task error = ReadAsync(process.StandardError, line => _listeners.Error(line));
        Exited = WaitAsync(output, error);
    }

    public int Id { get; }

    public DateTimeOffset? StartedAt { get; }

    /// <summary>Completes with the exit code after the process has exited and its last line was delivered.</summary>
    public Task<int> Exited { get; }

    /// <summary>Whether the process is alive at this moment: <see cref="Exited"/> still waits for its last lines.</summary>
    public bool IsAlive
    {
        get
        {
            try
            {
                return !_process.HasExited;
            }
            catch (Exception exited) when (exited is InvalidOperationException or Win32Exception)
            {
                return false;
            }
        }
    }

    public double MemoryMb
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.WorkingSet64 / (1024.0 * 1024.0);
            }
            catch (InvalidOperationException)
            {
                return 0;
            }
        }
    }

    /// <summary>Starts the program; throws <see cref="Win32Exception"/> if it cannot be started.</summary>
    public static WorkerProcess Start(ProcessStartInfo command, Action<string> onOutput, Action<string> onError)
    {
        Process process = Process.Start(command) ?? throw new Win32Exception($"{command.FileName} could not be started.");
        return new WorkerProcess(process, onOutput, onError);
    }

    /// <summary>Redirects all further lines to these callbacks.</summary>
    public void Redirect(Action<string> onOutput, Action<string> onError) => _listeners = new(onOutput, onError);

    /// <summary>Sends one line; an exited process is not an error here, because its exit is handled elsewhere.</summary>
    public async Task SendAsync<T>(T message)
    {
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(message, ContractJson.Options));
            await _process.StandardInput.FlushAsync();
        }
        catch (Exception exited) when (exited is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // See above.
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Closes stdin: the worker then saves a checkpoint and exits.</summary>
    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (Exception exited) when (exited is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It has already exited.
        }
    }

    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception exited) when (exited is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has already exited.
        }
    }

    public void Dispose()
    {
        CloseInput();
        _process.Dispose();
    }

    private async Task<int> WaitAsync(Task output, Task error)
    {
        await _process.WaitForExitAsync();
        // A grandchild may keep the pipes open: the worker's own output has arrived by now.
        await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(TimeSpan.FromSeconds(2)));
        return _process.ExitCode;
    }

    private static async Task ReadAsync(StreamReader reader, Action<string> take)
    {
        try
        {
            BoundedLines lines = new(reader);
            while (await lines.ReadAsync() is { } line)
            {
                take(line);
            }
        }
        catch (Exception exited) when (exited is IOException or ObjectDisposedException)
        {
            // The pipe ended with the process.
        }
    }

    private static DateTimeOffset? ReadStart(Process process)
    {
        try
        {
            return process.StartTime.ToUniversalTime();
        }
        catch (Exception exited) when (exited is InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    private sealed record Listeners(Action<string> Output, Action<string> Error);
}
