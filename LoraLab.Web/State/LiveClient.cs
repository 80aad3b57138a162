using System.Diagnostics;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.JSInterop;

namespace LoraLab.Web.State;

/// <summary>
/// The single connection to the live hub. Topics are reference-counted: the hub subscribes with a topic's first listener and
/// unsubscribes with its last. After a reconnect all topics are subscribed again from the last sequence number, and
/// <see cref="Reconnected"/> makes the pages refetch what they show. Where WebSockets are blocked (by an extension,
/// a policy or a proxy; in the constructor, in the handshake, or soon after it), it uses long polling.
/// </summary>
public sealed class LiveClient : IAsyncDisposable
{
    /// <summary>A socket that does not open within this time is blocked.</summary>
    private static readonly TimeSpan _openTimeout = TimeSpan.FromSeconds(3);

    /// <summary>One through which the hub does not respond within this time is blocked too.</summary>
    private static readonly TimeSpan _socketTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Sockets that close earlier than this, twice in a row, are closed by something between browser and server.</summary>
    private static readonly TimeSpan _shortLife = TimeSpan.FromSeconds(60);

    private readonly Uri _address;
    private readonly IJSRuntime _browser;
    private readonly Func<long?> _firstSeq;
    private readonly TimeSpan _connectTimeout;
    private readonly List<Listener> _listeners = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HubConnection? _hub;
    private long _opened;
    private int _shortLived;
    private long? _lastSeq;
    private bool _startedUnconnected;
    private bool _connecting;

    /// <param name="baseAddress">Base address of the server.</param>
    /// <param name="browser">Tells whether WebSockets are blocked.</param>
    /// <param name="firstSeq">An event number from before anything that the pages load; null: not known yet.</param>
    /// <param name="connectTimeout">How long a listener waits for the first connection if no number is known; null: two seconds.</param>
    public LiveClient(Uri baseAddress, IJSRuntime browser, Func<long?> firstSeq, TimeSpan? connectTimeout = null)
    {
        _address = new Uri(baseAddress, LiveHub.Path.TrimStart('/'));
        (_browser, _firstSeq, _connectTimeout) = (browser, firstSeq, connectTimeout ?? TimeSpan.FromSeconds(2));
    }

    /// <summary>Raised when <see cref="Status"/> changes.</summary>
    public event Action? StatusChanged;

    /// <summary>Raised when a lost connection is restored: data fetched before may be stale.</summary>
    public event Action? Reconnected;

    /// <summary>Raised when the server rejects this browser's session.</summary>
    public event Action? SignedOut;

    public LiveStatus Status { get; private set; } = LiveStatus.Connecting;

    /// <summary>Whether WebSockets are blocked and events come by long polling.</summary>
    public bool IsPolling { get; private set; }

    private bool IsConnected => _hub is { State: HubConnectionState.Connected };

    /// <summary>Connects, retrying until it succeeds.</summary>
    public async Task ConnectAsync()
    {
        if (_connecting)
        {
            return;
        }

        _connecting = true;
        for (int attempt = 0; !_closing.IsCancellationRequested; attempt++)
        {
            try
            {
                await StartAsync();
                await ResumeAsync();
                _connecting = false;
                if (IsConnected)
                {
                    return;
                }

                // It was lost again while it was resumed, and the handler of that left it to this loop.
                _connecting = true;
            }
            catch (Exception failure) when (!_closing.IsCancellationRequested)
            {
                if (failure is HttpRequestException { StatusCode: System.Net.HttpStatusCode.Unauthorized })
                {
                    SignedOut?.Invoke();
                }

                await SetStatusAsync(LiveStatus.Reconnecting);
                await Task.Delay(ReconnectPolicy.Delay(attempt), _closing.Token);
            }
        }
    }

    /// <summary>
    /// Listens to a topic until the result is disposed. Returns once the server has confirmed the subscription, so that a later fetch
    /// misses nothing. Before the first connection it returns at once: what happens since the first response of the server is replayed
    /// then. If there was no response yet, it returns after a timeout, and <see cref="Reconnected"/> is raised once connected.
    /// </summary>
    public async Task<IDisposable> ListenAsync(string topic, Action<LiveEvent> handler)
    {
        Listener listener = new(this, topic, handler);
        bool first = !_listeners.Any(other => other.Topic == topic);
        _listeners.Add(listener);
        if (first && IsConnected)
        {
            try
            {
                await _hub!.InvokeAsync(LiveHub.Subscribe, new[] { topic }, _lastSeq);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                // The connection broke in the meantime: reconnecting subscribes to every topic that has listeners.
            }
        }

        if (!_connected.Task.IsCompleted && _firstSeq() is null)
        {
            await Task.WhenAny(_connected.Task, Task.Delay(_connectTimeout));
            _startedUnconnected |= !_connected.Task.IsCompleted;
        }

        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }

        _closing.Dispose();
    }

    /// <summary>Opens a WebSocket; if that alone does not work, uses long polling from now on.</summary>
    private async Task StartAsync()
    {
        if (!IsPolling)
        {
            if (!await SocketOpensAsync())
            {
                // Either the socket is blocked or the server is down, which this tells apart; it may have come up between the two.
                await OpenAsync(HttpTransportType.LongPolling, Timeout.InfiniteTimeSpan);
                IsPolling = !await SocketOpensAsync();
            }

            if (IsPolling || await TryOpenSocketAsync())
            {
                return;
            }
        }

        await OpenAsync(HttpTransportType.LongPolling, Timeout.InfiniteTimeSpan);
        IsPolling = true;
    }

    private async Task<bool> SocketOpensAsync() => await _browser.InvokeAsync<bool>(
        "loralab.socketOpens", _closing.Token, _address.ToString(), _openTimeout.TotalMilliseconds);

    /// <summary>False: the server has answered by HTTP, but not through the socket.</summary>
    private async Task<bool> TryOpenSocketAsync()
    {
        try
        {
            await OpenAsync(HttpTransportType.WebSockets, _socketTimeout);
            return true;
        }
        catch (Exception blocked) when (blocked is not HttpRequestException && !_closing.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task OpenAsync(HttpTransportType transport, TimeSpan timeout)
    {
        if (_hub is { } old)
        {
            _hub = null;
            await old.DisposeAsync();
        }

        HubConnection hub = new HubConnectionBuilder()
            .WithUrl(_address, transport)
            .AddJsonProtocol(protocol => ContractJson.Apply(protocol.PayloadSerializerOptions))
            .Build();
        hub.On<LiveEvent>(LiveHub.Event, Dispatch);
        hub.Closed += _ => OnClosedAsync(hub);
        _hub = hub;
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        late.CancelAfter(timeout);
        await hub.StartAsync(late.Token).WaitAsync(late.Token);
        _opened = Stopwatch.GetTimestamp();
    }

    private async Task OnClosedAsync(HubConnection hub)
    {
        if (hub != _hub || _closing.IsCancellationRequested)
        {
            return;
        }

        _shortLived = Stopwatch.GetElapsedTime(_opened) < _shortLife ? _shortLived + 1 : 0;
        IsPolling |= _shortLived > 1;
        await SetStatusAsync(LiveStatus.Reconnecting);
        await ConnectAsync();
    }

    private void Dispatch(LiveEvent live)
    {
        if (live.Seq > 0)
        {
            _lastSeq = Math.Max(_lastSeq ?? 0, live.Seq);
        }

        foreach (Listener listener in _listeners.ToArray())
        {
            if (LiveTopics.Carries(listener.Topic, live))
            {
                listener.Handler(live);
            }
        }
    }

    private async Task ResumeAsync()
    {
        string[] topics = [.. _listeners.Select(listener => listener.Topic).Distinct()];
        if (topics.Length > 0)
        {
            long? after = _connected.Task.IsCompleted ? _lastSeq : _lastSeq ?? _firstSeq();
            await _hub!.InvokeAsync(LiveHub.Subscribe, topics, after);
        }

        bool first = _connected.TrySetResult();
        await SetStatusAsync(LiveStatus.Live);
        if (!first || _startedUnconnected)
        {
            Reconnected?.Invoke();
        }
    }

    private void Remove(Listener listener)
    {
        _listeners.Remove(listener);
        if (IsConnected && !_listeners.Any(other => other.Topic == listener.Topic))
        {
            _ = _hub!.SendAsync(LiveHub.Unsubscribe, new[] { listener.Topic });
        }
    }

    private Task SetStatusAsync(LiveStatus status)
    {
        if (Status != status)
        {
            Status = status;
            StatusChanged?.Invoke();
        }

        return Task.CompletedTask;
    }

    private sealed class Listener(LiveClient owner, string topic, Action<LiveEvent> handler) : IDisposable
    {
        internal string Topic { get; } = topic;

        internal Action<LiveEvent> Handler { get; } = handler;

        public void Dispose() => owner.Remove(this);
    }
}
