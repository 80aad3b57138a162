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
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TemporaryFolder? _ownData;
    private readonly string? _readyAt;
    private bool _stopRequested;

    private ServerProcess(ServerSetup setup)
    {
        _ownData = setup.DataDirectory is null ? new TemporaryFolder() : null;
        DataDirectory = setup.DataDirectory ?? _ownData!.Path;
        _readyAt = setup.ReadyAt;
        _process = Process.Start(Command(setup, DataDirectory))!;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string DataDirectory { get; }

    public int ProcessId => _process.Id;

    public Uri Address => _address.Task.Result;

    public HttpClient Http { get; private set; } = new();

    /// <summary>Resident memory, MiB.</summary>
    public double MemoryMb
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (1024.0 * 1024.0);
        }
    }

    /// <summary>Output so far.</summary>
    public string Output => string.Join(Environment.NewLine, _output);

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
        await using ServerProcess server = new(setup) { _stopRequested = true };
        using CancellationTokenSource timeout = new(_startTimeout);
        await server._process.WaitForExitAsync(timeout.Token);
        return (server._process.ExitCode, server.Output);
    }

    /// <summary>Kills it without cleanup, like a power failure.</summary>
    public async Task KillAsync()
    {
        _stopRequested = true;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops it with SIGTERM and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        _stopRequested = true;
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using CancellationTokenSource timeout = new(_startTimeout);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        else if (!_stopRequested)
        {
            // If a test fails because its server exited, its output helps to find the reason.
            TestContext.Current.TestOutputHelper?.WriteLine("The server exited with code "
                + $"{_process.ExitCode}:{Environment.NewLine}{string.Join(Environment.NewLine, _output.TakeLast(80))}");
        }

        _process.Dispose();
        Http.Dispose();
        _ownData?.Dispose();
    }

    private static ProcessStartInfo Command(ServerSetup setup, string dataDirectory)
    {
        ProcessStartInfo start = new(setup.Launcher.FirstOrDefault() ?? "dotnet")
        {
            WorkingDirectory = Path.GetTempPath(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])
        [
            .. setup.Launcher.Skip(1),
            .. setup.Launcher.Count > 0 ? (string[])["dotnet"] : [],
            setup.Program ?? BuiltPrograms.Server,
            .. setup.Verb ?? ["--urls", setup.Url, .. setup.Arguments],
        ])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string inherited in start.Environment.Keys.Where(key => key.StartsWith("LoraLab__", StringComparison.OrdinalIgnoreCase)
            || key.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        // Tests run in parallel, so several threads per trainer would oversubscribe the cores; programs that tests start directly use all
        // threads.
        start.Environment.TryAdd("OMP_NUM_THREADS", "1");
        // Processes that live for seconds gain nothing from tiered PGO, nor from compiling what is called often once more.
        start.Environment.TryAdd("DOTNET_TieredPGO", "0");
        start.Environment.TryAdd("DOTNET_TC_CallCounting", "0");
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
        Task exited = _process.WaitForExitAsync();
        if (await Task.WhenAny(_address.Task, exited, Task.Delay(_startTimeout)) != _address.Task)
        {
            throw new InvalidOperationException($"The server did not start:{Environment.NewLine}{Output}");
        }

        // With Expect: 100-continue the client waits for the response before it sends a large body, also on a loaded machine.
        SocketsHttpHandler handler = new() { Expect100ContinueTimeout = TimeSpan.FromMinutes(1) };
        Http = SchemaCheck.CreateClient(Address, handler);
        Http.Timeout = TimeSpan.FromSeconds(60);
        Stopwatch stopwatch = Stopwatch.StartNew();
        while (_readyAt is not null && await ReadyAsync() != HttpStatusCode.OK)
        {
            if (stopwatch.Elapsed > _startTimeout || _process.HasExited)
            {
                throw new InvalidOperationException($"The server did not become ready:{Environment.NewLine}{Output}");
            }

            await Task.Delay(50);
        }
    }

    private async Task<HttpStatusCode> ReadyAsync()
    {
        using HttpResponseMessage response = await Http.GetAsync(_readyAt);
        return response.StatusCode;
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (line.StartsWith(AddressLine, StringComparison.Ordinal))
        {
            _address.TrySetResult(new Uri(line[AddressLine.Length..]));
        }
    }
}
