using LoraLab.Contracts.Runs;
using MudBlazor;

namespace LoraLab.Web.Components;

/// <summary>The appearance of a state or an end reason: a label and an icon, never color alone.</summary>
internal static class StateAppearance
{
    internal static string Label(RunState state) => state switch
    {
        RunState.Queued => "Queued",
        RunState.Preparing => "Preparing",
        RunState.Running => "Running",
        RunState.Cancelling => "Cancelling",
        RunState.Completed => "Completed",
        RunState.Failed => "Failed",
        RunState.Cancelled => "Cancelled",
        RunState.Interrupted => "Interrupted",
        _ => state.ToString(),
    };

    internal static string Icon(RunState state) => state switch
    {
        RunState.Queued => Icons.Material.Outlined.Schedule,
        RunState.Preparing => Icons.Material.Outlined.HourglassTop,
        RunState.Running => Icons.Material.Outlined.PlayCircle,
        RunState.Cancelling => Icons.Material.Outlined.StopCircle,
        RunState.Completed => Icons.Material.Outlined.CheckCircle,
        RunState.Failed => Icons.Material.Outlined.Error,
        RunState.Cancelled => Icons.Material.Outlined.Cancel,
        _ => Icons.Material.Outlined.PowerOff,
    };

    internal static string Class(RunState state) => "badge badge-" + state.ToString().ToLowerInvariant();

    internal static string Label(EndReason reason) => reason switch
    {
        EndReason.Finished => "All steps completed",
        EndReason.EarlyStopped => "Stopped early: no more improvement",
        EndReason.Cancelled => "Stopped on request",
        EndReason.Pruned => "Stopped early by a rule",
        EndReason.OutOfMemory => "Out of memory",
        EndReason.Diverged => "Loss diverged",
        EndReason.BadData => "Unusable model, data or specification",
        EndReason.BudgetExceeded => "Memory budget exceeded",
        EndReason.DiskFull => "Disk full",
        EndReason.WorkerLost => "Worker process lost",
        _ => reason.ToString(),
    };
}
