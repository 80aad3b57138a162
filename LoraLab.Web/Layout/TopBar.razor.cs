using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Web.Components;
using LoraLab.Web.State;
using MudBlazor;

namespace LoraLab.Web.Layout;

/// <summary>Search, the queue, the machine's memory, the live connection and the theme.</summary>
public sealed partial class TopBar
{
    private string _search = "";

    private string QueueText => Queue.Document is null
        ? "Queue"
        : Queue.Document.Paused
            ? $"Paused, {NumberFormat.Count(Queue.Document.Total)} queued"
            : (Queue.Document.Running.Count, Queue.Document.Total) switch
            {
                (0, 0) => "Idle",
                (int running, 0) => $"{running} running",
                (int running, int queued) => $"{running} running, {queued} queued",
            };

    private string QueueTitle => Queue.Document?.Running is [var first, ..]
        ? $"{first.Name}: {Format.Progress(first.Progress)}"
        : "Queue";

    private double TotalMb => Machine.Latest?.TotalMemoryMb ?? Machine.Document?.TotalMemoryMb ?? 0;

    private double? MemoryShare =>
        Machine.Latest is SystemSample sample && TotalMb > 0 ? Math.Clamp(sample.UsedMemoryMb / TotalMb, 0, 1) : null;

    private string MemoryText => Machine.Latest is SystemSample sample
        ? $"{NumberFormat.Memory(sample.UsedMemoryMb)} / {NumberFormat.Memory(TotalMb)}"
        : TotalMb > 0 ? NumberFormat.Memory(TotalMb) : "Memory";

    private string MemoryTitle => Machine.Document?.Devices is [var device, ..]
        ? $"{device.Id}: {device.Name}"
        : "System";

    private string LiveText => Live.Status switch
    {
        LiveStatus.Live when Live.IsPolling => "Live by long polling",
        LiveStatus.Live => "Live",
        LiveStatus.Connecting => "Connecting…",
        _ => "Reconnecting…",
    };

    private string LiveClass => Live.Status switch
    {
        LiveStatus.Live => "is-live",
        LiveStatus.Connecting => "is-waiting",
        _ => "is-lost",
    };

    private string LiveTitle => Live.Status switch
    {
        LiveStatus.Live when Live.IsPolling => "Curves and states update live, with more requests than usual: WebSockets are blocked "
            + "between this browser and the server, by an extension, a policy or a proxy",
        LiveStatus.Live => "Curves and states update live",
        _ => "Not connected to the server; retrying",
    };

    private string ThemeIcon => Theme.IsDark ? Icons.Material.Outlined.DarkMode : Icons.Material.Outlined.LightMode;

    protected override void OnInitialized()
    {
        Live.StatusChanged += Refresh;
        Queue.Changed += Refresh;
        Machine.Changed += Refresh;
        Theme.Changed += Refresh;
        Notices.Changed += Refresh;
    }

    public void Dispose()
    {
        Live.StatusChanged -= Refresh;
        Queue.Changed -= Refresh;
        Machine.Changed -= Refresh;
        Theme.Changed -= Refresh;
        Notices.Changed -= Refresh;
    }

    private string Choice(string choice, string text) => Theme.Choice == choice ? text + "  ✓" : text;

    private void Search()
    {
        string query = _search.Trim();
        Navigation.NavigateTo(query.Length == 0 ? "runs" : $"runs?q={Uri.EscapeDataString(query)}");
        _search = "";
    }

    private void Refresh() => InvokeAsync(StateHasChanged);
}
