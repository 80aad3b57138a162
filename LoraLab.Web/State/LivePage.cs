using LoraLab.Contracts.Live;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.State;

/// <summary>
/// A page that loads its content over REST and is updated live. It loads again after a lost connection; content that is already shown
/// stays when that fails, with the failure beside it. Live events that arrive during a request are applied after its response, which they
/// may be newer than. Of several requests only the latest counts.
/// </summary>
/// <typeparam name="TContent">What the page shows.</typeparam>
public abstract class LivePage<TContent> : ComponentBase, IDisposable where TContent : class
{
    private readonly PageLifetime _life = new();
    private readonly LatestOnly _requests = new();
    private readonly RenderThrottle _drawing;
    private readonly RenderThrottle _loading;
    private List<Action>? _pending;
    private string? _shown;

    /// <param name="drawPause">Time between two renderings that live events ask for.</param>
    /// <param name="loadPause">Time between two requests that live events ask for.</param>
    protected LivePage(TimeSpan drawPause, TimeSpan loadPause)
    {
        _drawing = new RenderThrottle(drawPause, () => InvokeAsync(StateHasChanged));
        _loading = new RenderThrottle(loadPause, () => InvokeAsync(async () =>
        {
            await LoadAsync();
            StateHasChanged();
        }));
    }

    [Inject]
    protected LabApi Api { get; set; } = null!;

    [Inject]
    protected LiveClient Live { get; set; } = null!;

    /// <summary>What the page shows; null until the first response.</summary>
    protected TContent? Content { get; set; }

    /// <summary>Why the last request failed; null: it did not.</summary>
    protected string? Failure { get; private set; }

    /// <summary>Whether the server does not have what the page shows, or no longer.</summary>
    protected bool Missing { get; private set; }

    /// <summary>Cancelled when the page is closed.</summary>
    protected CancellationToken Closed => _life.Token;

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        OnClosed();
        _drawing.Dispose();
        _loading.Dispose();
        _requests.Dispose();
        _life.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override void OnInitialized() => Live.Reconnected += OnReconnected;

    /// <summary>The connection was lost and is back: events may have been missed.</summary>
    protected virtual void OnReconnected() => Reload();

    /// <summary>The page is closed; what it has beside its content ends.</summary>
    protected virtual void OnClosed()
    {
    }

    /// <summary>Requests the content.</summary>
    protected abstract Task<TContent> FetchAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Loads the content once it listens to its topics, or will be told what it has missed; does nothing if that is what it already shows.
    /// </summary>
    /// <param name="what">What is shown: the same text, the same content.</param>
    /// <param name="keep">Whether what is shown now stays until the response.</param>
    /// <param name="topics">Topics with the handlers of their events.</param>
    /// <returns>Whether it was loaded.</returns>
    protected async Task<bool> ShowAsync(string what, bool keep, params (string Topic, Action<LiveEvent> Handler)[] topics)
    {
        if (_shown == what)
        {
            return false;
        }

        _shown = what;
        (Content, Failure, Missing) = (keep ? Content : null, null, false);
        _requests.Cancel();
        _life.Release();
        foreach (IDisposable listener in await Task.WhenAll(topics.Select(topic => Live.ListenAsync(topic.Topic, Deferred(topic.Handler)))))
        {
            _life.Hold(listener);
        }

        await LoadAsync();
        return true;
    }

    /// <summary>Loads the content, also as a second try.</summary>
    protected async Task LoadAsync()
    {
        CancellationToken latest = _requests.Begin();
        _pending ??= [];
        try
        {
            TContent content = await FetchAsync(latest);
            latest.ThrowIfCancellationRequested();
            (Content, Failure, Missing) = (content, null, false);
        }
        catch (OperationCanceledException)
        {
            // The page was closed or shows something else; what is pending belongs to the request that took this one's place.
            return;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            if (latest.IsCancellationRequested)
            {
                return;
            }

            Missing = failure is ApiException { NotFound: true };
            Failure = ApiException.MessageFor(failure);
        }

        List<Action> pending = _pending;
        _pending = null;
        pending.ForEach(apply => apply());
    }

    /// <summary>Asks for the content again, soon.</summary>
    protected void Reload() => _loading.Request();

    /// <summary>Renders the page, soon.</summary>
    protected void Draw() => _drawing.Request();

    /// <summary>What the page shows was deleted.</summary>
    protected void Lose()
    {
        (Content, Missing) = (null, true);
        Draw();
    }

    private Action<LiveEvent> Deferred(Action<LiveEvent> handler) => message =>
    {
        if (_pending is null)
        {
            handler(message);
        }
        else
        {
            _pending.Add(() => handler(message));
        }
    };
}
