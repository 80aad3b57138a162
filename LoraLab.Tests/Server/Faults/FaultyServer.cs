using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;
using static LoraLab.Tests.Server.Faults.KillTests;

namespace LoraLab.Tests.Server.Faults;

/// <summary>A server with the real trainer that is restarted after every fault, on the same data or on a copy of it.</summary>
internal sealed class FaultyServer : IAsyncDisposable
{
    private ServerProcess _server;
    private TemporaryFolder _data;

    private FaultyServer(ServerProcess server, TemporaryFolder data) => (_server, _data) = (server, data);

    public RunApi Api => new(_server.Http);

    public string DataDirectory => _data.Path;

    public static async Task<FaultyServer> StartAsync()
    {
        TemporaryFolder data = new();
        return new(await StartAsync(data), data);
    }

    /// <summary>Injects a fault, and returns the run as it was right before; afterwards a new server is ready.</summary>
    public async Task<RunDocument> InjectAsync(Fault fault, string runId)
    {
        RunDocument run = await Api.GetAsync(runId);
        int? worker = run.State.IsTerminal() ? null : run.Attempts[^1].ProcessId;
        switch (fault)
        {
            case Fault.Worker:
                run = await Api.WaitAsync(runId, now => now.State.IsTerminal() || now.Attempts[^1].ProcessId is not null);
                Signal("KILL", run.State.IsTerminal() ? null : run.Attempts[^1].ProcessId);
                return run;
            case Fault.Server:
                await _server.KillAsync();
                break;
            case Fault.Both:
                Signal("KILL", worker);
                await _server.KillAsync();
                break;
            default:
                await CutPowerAsync(worker);
                break;
        }

        await _server.DisposeAsync();
        _server = await StartAsync(_data);
        return run;
    }

    /// <summary>Stops the server gracefully.</summary>
    public async Task StopAsync() => await _server.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _data.Dispose();
    }

    /// <summary>Suspends server and worker at any point; the next server gets only what is on the disk at that moment.</summary>
    private async Task CutPowerAsync(int? worker)
    {
        Signal("STOP", _server.ProcessId);
        Signal("STOP", worker);
        TemporaryFolder copy = new();
        Copy(_data.Path, copy.Path);
        Signal("KILL", worker);
        await _server.KillAsync();
        (TemporaryFolder old, _data) = (_data, copy);
        await DeleteAsync(old);
    }

    private static void Signal(string signal, int? processId)
    {
        if (processId is int id)
        {
            Signals.Send(signal, id);
        }
    }

    /// <summary>Not by .NET, which would wait for the locks of the suspended processes.</summary>
    private static void Copy(string from, string to)
    {
        using Process copy = Process.Start("cp", ["-a", from + "/.", to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }

    /// <summary>A last process may still be using the folder.</summary>
    private static async Task DeleteAsync(TemporaryFolder folder)
    {
        for (int left = 50; ; left--)
        {
            try
            {
                folder.Dispose();
                return;
            }
            catch (IOException) when (left > 0)
            {
                await Task.Delay(100);
            }
        }
    }

    private static Task<ServerProcess> StartAsync(TemporaryFolder data) =>
        ServerProcess.StartAsync(new ServerSetup { DataDirectory = data.Path });
}
