using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace LoraLab.Benchmarks.Processes;

/// <summary>The server as a process in Production on a free port, with one live subscriber to all of its runs.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const string AddressLine = "LoraLab dashboard: ";
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(5);
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly HubConnection _hub;
    private int _events;

    /// <summary>Starts a server over a data directory and waits until it is ready.</summary>
    public ServerProcess(Bench bench, IReadOnlyDictionary<string, string> environment)
    {
        _process = Programs.Start(
            bench,
            Programs.Server,
            new Dictionary<string, string>(environment) { ["ASPNETCORE_ENVIRONMENT"] = "Production" },
            "--urls",
            "http://127.0.0.1:0");
        TaskCompletionSource<Uri> address = new();
        // Both pipes are drained: a full pipe would block the server.
        _process.ErrorDataReceived += (_, _) => { };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith(AddressLine, StringComparison.Ordinal) == true)
            {
                address.TrySetResult(new Uri(line.Data[AddressLine.Length..]));
            }
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        if (!address.Task.Wait(_timeout))
        {
            _process.Kill(entireProcessTree: true);
            throw new NotMeasuredException("The server did not print its address.");
        }

        _http = new() { BaseAddress = address.Task.Result };
        Wait(() => _http.GetAsync("/health/ready").GetAwaiter().GetResult().IsSuccessStatusCode);
        _hub = new HubConnectionBuilder().WithUrl(new Uri(_http.BaseAddress, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions)).Build();
        _hub.On<LiveEvent>(LiveHub.Event, _ => Interlocked.Increment(ref _events));
        _hub.StartAsync().GetAwaiter().GetResult();
    }

    /// <summary>Messages that the subscriber received.</summary>
    public int Events => _events;

    /// <summary>CPU seconds of the server process, without its workers.</summary>
    public double CpuSeconds => _process.TotalProcessorTime.TotalSeconds;

    /// <summary>Sends a GET request and reads the whole response.</summary>
    public void Get(string url)
    {
        using HttpResponseMessage response = _http.GetAsync(url).GetAwaiter().GetResult();
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Submits a run, subscribes to it and waits for its end. Returns the time of submission, UTC.</summary>
    public DateTimeOffset Run(RunSpec spec)
    {
        DateTimeOffset submitted = TimeProvider.System.GetUtcNow();
        using HttpResponseMessage response = _http.PostAsJsonAsync(ApiRoutes.Runs, spec, ContractJson.Options).GetAwaiter().GetResult();
        string body = response.Content.ReadAsStringAsync().GetAwaiter().GetResult();
        string id = response.IsSuccessStatusCode
            ? JsonSerializer.Deserialize<RunDocument>(body, ContractJson.Options)!.Id
            : throw new NotMeasuredException($"The server rejected the run: {body}");
        _hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Run(id), LiveHub.RunLogs(id) }, 0L).GetAwaiter().GetResult();
        RunDocument run = null!;
        Wait(() => (run = _http.GetFromJsonAsync<RunDocument>(ApiRoutes.Run(id), ContractJson.Options).GetAwaiter().GetResult()!).State
            .IsTerminal());
        return run.State == RunState.Completed ? submitted : throw new NotMeasuredException($"The run ended as {run.State}: {run.Error}");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _hub.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    // The polling interval is long enough not to load the server.
    private static void Wait(Func<bool> done)
    {
        long started = Stopwatch.GetTimestamp();
        while (!done())
        {
            if (Stopwatch.GetElapsedTime(started) > _timeout)
            {
                throw new NotMeasuredException("The server timed out after five minutes.");
            }

            Thread.Sleep(500);
        }
    }
}
