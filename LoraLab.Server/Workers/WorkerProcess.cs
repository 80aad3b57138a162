using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;

namespace LoraLab.Server.Workers;

/// <summary>A child process with line-based input and output. Its stdin stays open while it is to live.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process process;
    private readonly SemaphoreSlim writing = new(1, 1);
    private volatile Listeners listeners;

    private WorkerProcess(Process process, Action<string> onOutput, Action<string> onError)
    {
        this.process = process;
        listeners = new(onOutput, onError);
        Id = process.Id;
        StartedAt = ReadStart(process);
        Task output = ReadAsync(process.StandardOutput, line => listeners.Output(line));
        Task error = ReadAsync(process.StandardError, line => listeners.Error(line));
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
                return !process.HasExited;
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
                process.Refresh();
                return process.WorkingSet64 / (1024.0 * 1024.0);
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
    public void Redirect(Action<string> onOutput, Action<string> onError) => listeners = new(onOutput, onError);

    /// <summary>Sends one line; an exited process is not an error here, because its exit is handled elsewhere.</summary>
    public async Task SendAsync<T>(T message)
    {
        await writing.WaitAsync();
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(message, ContractJson.Options));
            await process.StandardInput.FlushAsync();
        }
        catch (Exception exited) when (exited is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // See above.
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Closes stdin: the worker then saves a checkpoint and exits.</summary>
    public void CloseInput()
    {
        try
        {
            process.StandardInput.Close();
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
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exited) when (exited is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has already exited.
        }
    }

    public void Dispose()
    {
        CloseInput();
        process.Dispose();
    }

    private async Task<int> WaitAsync(Task output, Task error)
    {
        await process.WaitForExitAsync();
        // A grandchild may keep the pipes open: the worker's own output has arrived by now.
        await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(TimeSpan.FromSeconds(2)));
        return process.ExitCode;
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
