using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace LoraLab.Web.Pages.Run;

/// <summary>The tail of a run's log, updated live. Chunks are joined by byte offset, so nothing is duplicated or lost.</summary>
public sealed partial class RunLog
{
    private const int TailLines = 1000;

    private readonly StringBuilder _text = new();
    private RenderThrottle? _render;
    private List<string> _lines = [];
    private readonly PageLifetime _life = new();
    private ElementReference _view;
    private string? _failure;
    private string _filter = "";
    private long _first;
    private long _next = -1;
    private bool _follow = true;
    private bool _grown;

    [Parameter, EditorRequired]
    public RunDocument Run { get; set; } = null!;

    private IEnumerable<string> Shown => string.IsNullOrWhiteSpace(_filter)
        ? _lines
        : _lines.Where(line => line.Contains(_filter, StringComparison.OrdinalIgnoreCase));

    private string EmptyText => Run.State switch
    {
        RunState.Queued => "The log starts when the run leaves the queue.",
        _ when Run.State.IsTerminal() => "The run logged nothing.",
        _ => "Nothing logged yet.",
    };

    protected override async Task OnInitializedAsync()
    {
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(300), () => InvokeAsync(StateHasChanged));
        Live.Reconnected += OnReconnected;
        _life.Hold(await Live.ListenAsync(LiveHub.RunLogs(Run.Id), OnLive));
        await LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_grown && _follow)
        {
            _grown = false;
            await Js.InvokeVoidAsync("loralab.follow", _view, firstRender);
        }
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _life.Dispose();
        _render?.Dispose();
    }

    private Task LoadAsync() => LoadAsync($"?tail={TailLines}");

    private Task LoadAllAsync() => LoadAsync("?offset=0");

    private async Task LoadAsync(string query)
    {
        try
        {
            LogChunk chunk = await Api.LogsAsync(Run.Id, query, CancellationToken.None);
            _text.Clear();
            (_first, _next, _failure) = (chunk.Offset, chunk.Offset, null);
            Append(chunk);
            await CatchUpAsync();
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.MessageFor(failure);
        }
    }

    /// <summary>Fetches chunks from the end of the text until none are left.</summary>
    private async Task CatchUpAsync()
    {
        while (true)
        {
            LogChunk chunk = await Api.LogsAsync(Run.Id, $"?offset={_next}", CancellationToken.None);
            if (chunk.Text.Length == 0)
            {
                return;
            }

            Append(chunk);
        }
    }

    private void OnReconnected() => _ = InvokeAsync(async () =>
    {
        await LoadAsync();
        StateHasChanged();
    });

    private void OnLive(LiveEvent message)
    {
        if (_next < 0 || message.Data.Deserialize<LogChunk>(ContractJson.Options) is not LogChunk chunk || chunk.NextOffset <= _next)
        {
            return;
        }

        if (chunk.Offset == _next)
        {
            Append(chunk);
            _render?.Request();
        }
        else
        {
            // A gap or an overlap: continue from the log file.
            _ = InvokeAsync(async () =>
            {
                await CatchUpAsync();
                StateHasChanged();
            });
        }
    }

    private void Append(LogChunk chunk)
    {
        if (chunk.Offset != _next)
        {
            return;
        }

        _text.Append(chunk.Text);
        _next = chunk.NextOffset;
        _lines = [.. _text.ToString().TrimEnd('\n').Split('\n')];
        _lines = _lines is [""] ? [] : _lines;
        _grown = true;
    }

    private async Task SaveAsync()
    {
        await LoadAllAsync();
        await Js.InvokeVoidAsync("loralab.download", $"{FileNames.Part(Run.Name)}-{Run.Id}.log", "text/plain", _text.ToString());
    }
}
