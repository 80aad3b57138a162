using LoraLab.Contracts.Runs;
using MudBlazor;

namespace LoraLab.Web.Components;

/// <summary>How a state or an end reason is shown: a word and an icon, never a colour alone.</summary>
internal static class StateAppearance
{
    internal static string Word(RunState state) => state switch
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

    internal static string Word(EndReason reason) => reason switch
    {
        EndReason.Finished => "All steps done",
        EndReason.Cancelled => "Stopped on request",
        EndReason.Pruned => "Stopped early by a rule",
        EndReason.OutOfMemory => "Out of memory",
        EndReason.Diverged => "The loss diverged",
        EndReason.BadData => "Model, data or specification cannot be used",
        EndReason.BudgetExceeded => "Over the memory budget",
        EndReason.DiskFull => "The disk is full",
        EndReason.WorkerLost => "The worker process was lost",
        _ => reason.ToString(),
    };
}
