using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Components;

/// <summary>What can be done with a run, the same from every page: asks where something would be lost, and says what the server said.</summary>
public sealed class RunActions(LabApi api, IDialogService dialogs, ISnackbar toasts, NavigationManager navigation)
{
    private static readonly TimeSpan s_nearDeadline = TimeSpan.FromSeconds(8);

    public static bool CanCancel(RunState state) => state is RunState.Queued or RunState.Preparing or RunState.Running;

    public static bool CanDelete(RunState state) => state.IsTerminal();

    /// <summary>Whether a run can go on. One that diverged would take the very same steps again.</summary>
    public static bool CanResume(RunDocument run) =>
        run.State is RunState.Interrupted or RunState.Cancelled || (run.State == RunState.Failed && run.EndReason != EndReason.Diverged);

    /// <summary>Step of the checkpoint that a resumed run goes on from; null: there is none, it begins anew.</summary>
    public static int? LastCheckpoint(RunDocument run) =>
        run.Attempts.Reverse().Select(attempt => attempt.CheckpointStep ?? attempt.ResumedFrom).FirstOrDefault(step => step is not null) is int step and > 0 ? step : null;

    /// <summary>Whether killing is worth offering: the worker does not move, or does not obey and its time is nearly over.</summary>
    public static bool CanKill(RunDocument run, DateTimeOffset now) =>
        run.State is RunState.Preparing or RunState.Running or RunState.Cancelling && (run.Progress.Stalled || run.CancelBy - now < s_nearDeadline);

    public Task<bool> ResumeAsync(RunDocument run) => TryAsync(
        () => api.ActAsync(run.Id, "resume", CancellationToken.None),
        LastCheckpoint(run) is int step ? $"{run.Name} waits at the head of the queue and goes on from step {step}." : $"{run.Name} waits at the head of the queue.");

    /// <summary>Asks, then ends the worker at once.</summary>
    public async Task KillAsync(RunDocument run)
    {
        const string text = "Its worker process ends at once, without saving a checkpoint: what it did since the last one is lost. The run can be resumed from there.";
        if (await ConfirmDialog.AskAsync(dialogs, $"Kill {run.Name}?", text, "Kill"))
        {
            await TryAsync(() => api.ActAsync(run.Id, "kill", CancellationToken.None), $"{run.Name} is killed.");
        }
    }

    public Task<bool> CancelAsync(RunDocument run) => TryAsync(
        () => api.ActAsync(run.Id, "cancel", CancellationToken.None),
        run.State == RunState.Queued ? $"{run.Name} is taken out of the queue." : $"{run.Name} is stopping.");

    /// <summary>Opens the form with the run's specification, and with changes laid over it.</summary>
    public void Clone(RunDocument run, JsonObject? changes = null) =>
        navigation.NavigateTo($"runs/new?from={run.Id}{(changes is null ? "" : $"&set={Uri.EscapeDataString(changes.ToJsonString(ContractJson.Options))}")}");

    /// <summary>Asks, then deletes; true when the runs are gone.</summary>
    public async Task<bool> DeleteAsync(IReadOnlyList<RunDocument> runs)
    {
        string title = runs.Count == 1 ? $"Delete {runs[0].Name}?" : $"Delete {runs.Count} runs?";
        const string text = "Results, predictions, log and adapter are removed from the disk. This cannot be undone.";
        if (await ConfirmDialog.AskAsync(dialogs, title, text, "Delete") is false)
        {
            return false;
        }

        bool all = true;
        foreach (RunDocument run in runs)
        {
            all &= await TryAsync(() => api.DeleteRunAsync(run.Id, CancellationToken.None), null);
        }

        if (all)
        {
            toasts.Add(runs.Count == 1 ? $"{runs[0].Name} is deleted." : $"{runs.Count} runs are deleted.", Severity.Normal);
        }

        return all;
    }

    /// <summary>Does it and tells how it went; false when the server refused or could not be reached.</summary>
    public async Task<bool> TryAsync(Func<Task> action, string? done)
    {
        try
        {
            await action();
        }
        catch (ApiException refusal)
        {
            toasts.Add(refusal.Message, Severity.Error);
            return false;
        }
        catch (HttpRequestException)
        {
            toasts.Add("The server cannot be reached. Nothing was changed; try again when the connection is back.", Severity.Error);
            return false;
        }

        if (done is not null)
        {
            toasts.Add(done, Severity.Normal);
        }

        return true;
    }
}
