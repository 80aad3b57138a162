using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using Microsoft.JSInterop;

namespace LoraLab.Web.State;

/// <summary>
/// Notices of the browser when a run ends. They are off until the user turns them on, which is when the browser asks for its permission;
/// the choice is kept in the browser.
/// </summary>
public sealed class RunNotices(IJSRuntime js, LiveClient live, TimeProvider clock)
{
    private readonly HashSet<(string Run, DateTimeOffset? EndedAt)> _shown = [];
    private DateTimeOffset _since;
    private bool _listening;

    public event Action? Changed;

    /// <summary><c>on</c>, <c>off</c>, <c>denied</c> by the browser, or <c>unsupported</c>, as on an address without TLS.</summary>
    public string Choice { get; private set; } = "off";

    public bool IsOn => Choice == "on";

    /// <summary>What the button does, or why it does nothing.</summary>
    public string Title => Choice switch
    {
        "on" => "Notices when a run ends: on",
        "denied" => "Notices are blocked for this address; allow them in the settings of the browser",
        "unsupported" => "The browser shows notices only for addresses with HTTPS and on the server's own machine",
        _ => "Notices when a run ends: off",
    };

    /// <summary>Reads the choice; no permission is asked for.</summary>
    public Task StartAsync() => UseAsync("loralabNotices.choice");

    /// <summary>Turns notices on, for which the browser may ask the user, or off.</summary>
    public Task ToggleAsync() => UseAsync(IsOn ? "loralabNotices.disable" : "loralabNotices.enable");

    /// <summary>The sentence about a run that ended.</summary>
    internal static string Describe(RunDocument run)
    {
        MetricDescriptor metric = TaskDescriptors.Of(run.Task, run.Metric).Primary;
        return run.State switch
        {
            RunState.Completed => (run.EndReason == EndReason.EarlyStopped ? "Stopped early" : "Completed")
                + (run.Summary[metric.Key]?.Last is double value ? $", {metric.Name} {metric.Text(value)}" : ""),
            RunState.Failed => $"Failed: {run.Error}",
            RunState.Cancelled => "Cancelled",
            _ => "Interrupted",
        };
    }

    internal async Task OnLiveAsync(LiveEvent message)
    {
        // An ended run's document is sent again when it is edited.
        if (!IsOn || LiveRuns.Document(message) is not RunDocument run || !run.State.IsTerminal() || run.EndedAt < _since
            || !_shown.Add((run.Id, run.EndedAt)))
        {
            return;
        }

        try
        {
            await js.InvokeVoidAsync("loralabNotices.show", run.Name, Describe(run), $"runs/{run.Id}");
        }
        catch (JSException)
        {
            // The browser has withdrawn the permission; the run's page shows its end.
        }
    }

    private async Task UseAsync(string function)
    {
        Choice = await js.InvokeAsync<string?>(function) ?? "off";
        if (IsOn && !_listening)
        {
            (_listening, _since) = (true, clock.GetUtcNow());
            await live.ListenAsync(LiveHub.Runs, message => _ = OnLiveAsync(message));
        }

        Changed?.Invoke();
    }
}
