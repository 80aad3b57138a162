using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using Microsoft.AspNetCore.SignalR.Client;

namespace LoraLab.Web.State;

/// <summary>
/// The one connection to the live hub. Topics are counted: the hub hears of a topic when its first listener comes and when its
/// last one goes. After a lost connection everything is subscribed again from the last sequence number, and
/// <see cref="Reconnected"/> tells the pages to fetch what they show once more.
/// </summary>
public sealed class LiveClient : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly HubConnection _hub;
    private readonly List<Listener> _listeners = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? _lastSeq;
    private bool _someoneWentAhead;
    private bool _connecting;

    public LiveClient(Uri baseAddress)
    {
        _hub = new HubConnectionBuilder()
            .WithUrl(new Uri(baseAddress, LiveHub.Path.TrimStart('/')))
            .WithAutomaticReconnect(new ReconnectPolicy())
            .AddJsonProtocol(protocol => ContractJson.Apply(protocol.PayloadSerializerOptions))
            .Build();
        _hub.On<LiveEvent>(LiveHub.Event, Dispatch);
        _hub.Reconnecting += _ => ChangeAsync(LiveStatus.Reconnecting);
        _hub.Reconnected += _ => ResumeAsync();
        _hub.Closed += error => _closing.IsCancellationRequested ? Task.CompletedTask : ConnectAsync();
    }

    public LiveStatus Status { get; private set; } = LiveStatus.Connecting;

    /// <summary>The status is another one.</summary>
    public event Action? StatusChanged;

    /// <summary>The connection is back after it was lost: what was fetched before may be stale.</summary>
    public event Action? Reconnected;

    /// <summary>The server does not let this browser in (any more).</summary>
    public event Action? SignedOut;

    /// <summary>Connects, and keeps trying until it does.</summary>
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

                await ChangeAsync(LiveStatus.Reconnecting);
                await Task.Delay(ReconnectPolicy.Delay(attempt), _closing.Token);
            }
        }
    }

    /// <summary>
    /// Hears a topic until the result is disposed. Returns when the server has confirmed, so that what is fetched afterwards misses
    /// nothing; where there is no connection yet the caller goes ahead after a moment and is told to fetch again once there is.
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
                // The connection broke meanwhile: reconnecting subscribes to every topic that has listeners.
            }
        }

        if (!_connected.Task.IsCompleted)
        {
            await Task.WhenAny(_connected.Task, Task.Delay(s_patience));
            _someoneWentAhead |= !_connected.Task.IsCompleted;
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
        await ChangeAsync(LiveStatus.Live);
        if (!first || _someoneWentAhead)
        {
            Reconnected?.Invoke();
        }
    }

    private void Drop(Listener listener)
    {
        _listeners.Remove(listener);
        if (_hub.State == HubConnectionState.Connected && !_listeners.Any(other => other.Topic == listener.Topic))
        {
            _ = _hub.SendAsync(LiveHub.Unsubscribe, new[] { listener.Topic });
        }
    }

    private Task ChangeAsync(LiveStatus status)
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

        public void Dispose() => owner.Drop(this);
    }
}
