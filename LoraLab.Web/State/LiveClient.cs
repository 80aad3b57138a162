using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using Microsoft.AspNetCore.SignalR.Client;

namespace LoraLab.Web.State;

/// <summary>
/// The single connection to the live hub. Topics are reference-counted: the hub subscribes with a topic's first listener and
/// unsubscribes with its last. After a reconnect all topics are subscribed again from the last sequence number, and
/// <see cref="Reconnected"/> makes the pages refetch what they show.
/// </summary>
public sealed class LiveClient : IAsyncDisposable
{
    private static readonly TimeSpan _connectTimeout = TimeSpan.FromSeconds(2);

    private readonly HubConnection _hub;
    private readonly List<Listener> _listeners = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? _lastSeq;
    private bool _startedUnconnected;
    private bool _connecting;

    public LiveClient(Uri baseAddress)
    {
        _hub = new HubConnectionBuilder()
            .WithUrl(new Uri(baseAddress, LiveHub.Path.TrimStart('/')))
            .WithAutomaticReconnect(new ReconnectPolicy())
            .AddJsonProtocol(protocol => ContractJson.Apply(protocol.PayloadSerializerOptions))
            .Build();
        _hub.On<LiveEvent>(LiveHub.Event, Dispatch);
        _hub.Reconnecting += _ => SetStatusAsync(LiveStatus.Reconnecting);
        _hub.Reconnected += _ => ResumeAsync();
        _hub.Closed += error => _closing.IsCancellationRequested ? Task.CompletedTask : ConnectAsync();
    }

    /// <summary>Raised when <see cref="Status"/> changes.</summary>
    public event Action? StatusChanged;

    /// <summary>Raised when a lost connection is restored: data fetched before may be stale.</summary>
    public event Action? Reconnected;

    /// <summary>Raised when the server rejects this browser's session.</summary>
    public event Action? SignedOut;

    public LiveStatus Status { get; private set; } = LiveStatus.Connecting;

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
                if (_hub.State == HubConnectionState.Disconnected)
                {
                    await _hub.StartAsync(_closing.Token);
                }

                await ResumeAsync();
                _connecting = false;
                return;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
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
    /// misses nothing. Without a connection it returns after a timeout; <see cref="Reconnected"/> is then raised once connected.
    /// </summary>
    public async Task<IDisposable> ListenAsync(string topic, Action<LiveEvent> handler)
    {
        Listener listener = new(this, topic, handler);
        bool first = !_listeners.Any(other => other.Topic == topic);
        _listeners.Add(listener);
        if (first && _hub.State == HubConnectionState.Connected)
        {
            try
            {
                await _hub.InvokeAsync(LiveHub.Subscribe, new[] { topic }, _lastSeq);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                // The connection broke in the meantime: reconnecting subscribes to every topic that has listeners.
            }
        }

        if (!_connected.Task.IsCompleted)
        {
            await Task.WhenAny(_connected.Task, Task.Delay(_connectTimeout));
            _startedUnconnected |= !_connected.Task.IsCompleted;
        }

        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _hub.DisposeAsync();
        _closing.Dispose();
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
            await _hub.InvokeAsync(LiveHub.Subscribe, topics, _lastSeq);
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
        if (_hub.State == HubConnectionState.Connected && !_listeners.Any(other => other.Topic == listener.Topic))
        {
            _ = _hub.SendAsync(LiveHub.Unsubscribe, new[] { listener.Topic });
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
