using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// The built server as a real process in Production, on a free port, with its own data directory. <see cref="StartAsync"/> starts it and
/// waits until it is ready; disposing it kills it with its child processes.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string AddressLine = "LoraLab dashboard: ";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    private readonly Process process;
    private readonly ConcurrentQueue<string> output = new();
    private readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TemporaryFolder? ownData;
    private readonly string readyAt;
    private bool stopRequested;

    private ServerProcess(ServerSetup setup)
    {
        ownData = setup.DataDirectory is null ? new TemporaryFolder() : null;
        DataDirectory = setup.DataDirectory ?? ownData!.Path;
        readyAt = setup.ReadyAt;
        process = Process.Start(Command(setup, DataDirectory))!;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string DataDirectory { get; }

    public int ProcessId => process.Id;

    public Uri Address => address.Task.Result;

    public HttpClient Http { get; private set; } = new();

    /// <summary>Resident memory, MiB.</summary>
    public double MemoryMb
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / (1024.0 * 1024.0);
        }
    }

    /// <summary>Output so far.</summary>
    public string Output => string.Join(Environment.NewLine, output);

    /// <summary>Starts a server and waits until <see cref="ServerSetup.ReadyAt"/> returns 200.</summary>
    public static async Task<ServerProcess> StartAsync(ServerSetup? setup = null)
    {
        ServerProcess server = new(setup ?? new ServerSetup());
        try
        {
            await server.BecomeReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a server that is expected to end by itself; returns its exit code and output.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(ServerSetup setup)
    {
        await using ServerProcess server = new(setup) { stopRequested = true };
        using CancellationTokenSource timeout = new(StartTimeout);
        await server.process.WaitForExitAsync(timeout.Token);
        return (server.process.ExitCode, server.Output);
    }

    /// <summary>Kills it without cleanup, like a power failure.</summary>
    public async Task KillAsync()
    {
        stopRequested = true;
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Stops it with SIGTERM and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        stopRequested = true;
        using Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using CancellationTokenSource timeout = new(StartTimeout);
        await process.WaitForExitAsync(timeout.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
        else if (!stopRequested)
        {
            // If a test fails because its server exited, its output helps to find the reason.
            TestContext.Current.TestOutputHelper?.WriteLine($"The server exited with code {process.ExitCode}:{Environment.NewLine}{string.Join(Environment.NewLine, output.TakeLast(80))}");
        }

        process.Dispose();
        Http.Dispose();
        ownData?.Dispose();
    }

    private static ProcessStartInfo Command(ServerSetup setup, string dataDirectory)
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = Path.GetTempPath(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])[setup.Program ?? BuiltPrograms.Server, .. setup.Verb ?? ["--urls", setup.Url, .. setup.Arguments]])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string inherited in start.Environment.Keys.Where(key => key.StartsWith("LoraLab__", StringComparison.OrdinalIgnoreCase) || key.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        // Tests run in parallel, so several threads per trainer would oversubscribe the cores; programs that tests start directly use all
        // threads.
        start.Environment.TryAdd("OMP_NUM_THREADS", "1");
        // Processes that live for seconds gain nothing from tiered PGO.
        start.Environment.TryAdd("DOTNET_TieredPGO", "0");
        start.Environment["LoraLab__DataDirectory"] = dataDirectory;
        // Every transaction runs twice and must give the same result: checked in every test with a server.
        start.Environment["LoraLab__RepeatTransactions"] = "true";
        if (setup.WorkerPath is not null)
        {
            start.Environment["LoraLab__WorkerPath"] = setup.WorkerPath;
        }

        foreach ((string key, string value) in setup.Environment)
        {
            start.Environment[key] = value;
        }

        return start;
    }

    private async Task BecomeReadyAsync()
    {
        Task exited = process.WaitForExitAsync();
        if (await Task.WhenAny(address.Task, exited, Task.Delay(StartTimeout)) != address.Task)
        {
            throw new InvalidOperationException($"The server did not start:{Environment.NewLine}{Output}");
        }

        // With Expect: 100-continue the client waits for the response before it sends a large body, also on a loaded machine.
        SocketsHttpHandler handler = new() { Expect100ContinueTimeout = TimeSpan.FromMinutes(1) };
        Http = new HttpClient(handler) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        Stopwatch stopwatch = Stopwatch.StartNew();
        while (await ReadyAsync() != HttpStatusCode.OK)
        {
            if (stopwatch.Elapsed > StartTimeout || process.HasExited)
            {
                throw new InvalidOperationException($"The server did not become ready:{Environment.NewLine}{Output}");
            }

            await Task.Delay(50);
        }
    }

    private async Task<HttpStatusCode> ReadyAsync()
    {
        using HttpResponseMessage response = await Http.GetAsync(readyAt);
        return response.StatusCode;
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        output.Enqueue(line);
        if (line.StartsWith(AddressLine, StringComparison.Ordinal))
        {
            address.TrySetResult(new Uri(line[AddressLine.Length..]));
        }
    }
}
