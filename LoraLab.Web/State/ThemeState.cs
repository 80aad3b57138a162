using Microsoft.JSInterop;

namespace LoraLab.Web.State;

/// <summary>Light or dark: the system's setting unless the user chose one, which this browser stores.</summary>
public sealed class ThemeState(IJSRuntime js) : IAsyncDisposable
{
    private DotNetObjectReference<ThemeState>? _self;
    private IJSObjectReference? _watch;

    public event Action? Changed;

    /// <summary><c>system</c>, <c>light</c> or <c>dark</c>.</summary>
    public string Choice { get; private set; } = "system";

    public bool IsDark { get; private set; }

    public async Task StartAsync()
    {
        if (_self is not null)
        {
            return;
        }

        _self = DotNetObjectReference.Create(this);
        _watch = await js.InvokeAsync<IJSObjectReference>("loralabTheme.watch", _self);
        await ReadAsync();
    }

    public async Task ChooseAsync(string choice)
    {
        await js.InvokeVoidAsync("loralabTheme.set", choice);
        await ReadAsync();
    }

    [JSInvokable]
    public Task SystemThemeChanged(bool isDark) => ReadAsync();

    public async ValueTask DisposeAsync()
    {
        if (_watch is not null)
        {
            await _watch.InvokeVoidAsync("stop");
            await _watch.DisposeAsync();
        }

        _self?.Dispose();
    }

    private async Task ReadAsync()
    {
        Choice = await js.InvokeAsync<string>("loralabTheme.choice");
        IsDark = await js.InvokeAsync<bool>("loralabTheme.isDark");
        Changed?.Invoke();
    }
}
