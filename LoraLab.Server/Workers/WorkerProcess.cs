using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;

namespace LoraLab.Server.Workers;

/// <summary>A child process that talks in lines. Its stdin stays open for as long as it shall live.</summary>
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

    /// <summary>Completes with the exit code after the process has ended and its last line was handed over.</summary>
    public Task<int> Exited { get; }

    /// <summary>Asks the system, at once: <see cref="Exited"/> still waits for last lines.</summary>
    public bool IsAlive
    {
        get
        {
            try
            {
                return !process.HasExited;
            }
            catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
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

    /// <summary>Starts the program; a <see cref="Win32Exception"/> says why it cannot be started.</summary>
    public static WorkerProcess Start(ProcessStartInfo command, Action<string> onOutput, Action<string> onError)
    {
        Process process = Process.Start(command) ?? throw new Win32Exception($"{command.FileName} could not be started.");
        return new WorkerProcess(process, onOutput, onError);
    }

    /// <summary>Every line from now on goes to these.</summary>
    public void Redirect(Action<string> onOutput, Action<string> onError) => listeners = new(onOutput, onError);

    /// <summary>Sends one line; a process that has gone is no error here, its exit tells.</summary>
    public async Task SendAsync<T>(T message)
    {
        await writing.WaitAsync();
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(message, ContractJson.Options));
            await process.StandardInput.FlushAsync();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // See above.
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Ends stdin, the lifeline: the worker shall save what it has and exit.</summary>
    public void CloseInput()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It has gone by itself.
        }
    }

    public void Kill()
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has gone by itself.
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
        // A grandchild may keep the pipes open: what the worker wrote itself is there by now.
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
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
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
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    private sealed record Listeners(Action<string> Output, Action<string> Error);
}
