using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Components;

/// <summary>
/// The actions on a run, shared by all pages: asks for confirmation before anything is lost and reports the server's response.
/// </summary>
public sealed class RunActions(LabApi api, IDialogService dialogs, ISnackbar toasts, NavigationManager navigation)
{
    private static readonly TimeSpan _nearDeadline = TimeSpan.FromSeconds(8);

    public static bool CanCancel(RunState state) => state is RunState.Queued or RunState.Preparing or RunState.Running;

    public static bool CanDelete(RunState state) => state.IsTerminal();

    /// <summary>Whether a run can be resumed. A diverged run would repeat exactly the same steps.</summary>
    public static bool CanResume(RunDocument run) =>
        run.State is RunState.Interrupted or RunState.Cancelled || (run.State == RunState.Failed && run.EndReason != EndReason.Diverged);

    /// <summary>The step of the checkpoint that resuming continues from; null if there is none and the run would start over.</summary>
    public static int? LastCheckpoint(RunDocument run) =>
        run.Pruned.Any(files => files.Kind == ArtifactKind.Checkpoint && files.At >= run.EndedAt)
            ? null
            : run.Attempts.Reverse().Select(attempt =>
            attempt.CheckpointStep ?? attempt.ResumedFrom).FirstOrDefault(step => step is not null) is int step and > 0 ? step : null;

    /// <summary>Whether to offer a kill: the worker has stalled, or has not stopped and its deadline is near.</summary>
    public static bool CanKill(RunDocument run, DateTimeOffset now) =>
        run.State is RunState.Preparing or RunState.Running or RunState.Cancelling
            && (run.Progress.Stalled || run.CancelBy - now < _nearDeadline);

    public Task<bool> ResumeAsync(RunDocument run) => TryAsync(
        () => api.ActAsync(run.Id, "resume", CancellationToken.None),
        LastCheckpoint(run) is int step
            ? $"{run.Name} is at the head of the queue and will resume from step {NumberFormat.Count(step)}."
            : $"{run.Name} is at the head of the queue.");

    /// <summary>Kills the worker after confirmation.</summary>
    public async Task KillAsync(RunDocument run)
    {
        const string Text = "The worker process ends immediately without saving a checkpoint. Progress since the last checkpoint is lost; "
            + "the run can be resumed from there.";
        if (await ConfirmDialog.AskAsync(dialogs, $"Kill {run.Name}?", Text, "Kill"))
        {
            await TryAsync(() => api.ActAsync(run.Id, "kill", CancellationToken.None), $"Killing {run.Name}…");
        }
    }

    public Task<bool> CancelAsync(RunDocument run) => TryAsync(
        () => api.ActAsync(run.Id, "cancel", CancellationToken.None),
        run.State == RunState.Queued ? $"{run.Name} was removed from the queue." : $"Cancelling {run.Name}…");

    /// <summary>Removes all runs from the queue after confirmation; running ones continue.</summary>
    public async Task CancelQueuedAsync(int count)
    {
        const string Text =
            "They are removed from the queue before they start; each can be queued again with Resume. Runs in progress continue.";
        if (await ConfirmDialog.AskAsync(dialogs, $"Cancel {NumberFormat.Count(count, "queued run")}?", Text, "Cancel all"))
        {
            BulkRequest queued = new() { Filter = new BulkFilter { State = "queued" } };
            int cancelled = 0;
            if (await TryAsync(async () => cancelled = (await api.CancelRunsAsync(queued, CancellationToken.None)).Total, null))
            {
                toasts.Add($"Removed {NumberFormat.Count(cancelled, "run")} from the queue.", Severity.Normal);
            }
        }
    }

    /// <summary>Opens the form with the run's specification, with optional changes applied.</summary>
    public void Clone(RunDocument run, JsonObject? changes = null) =>
        navigation.NavigateTo(
            $"runs/new?from={run.Id}{(changes is null ? "" : $"&set={Uri.EscapeDataString(changes.ToJsonString(ContractJson.Options))}")}");

    /// <summary>Deletes runs after confirmation; returns true if all were deleted.</summary>
    public async Task<bool> DeleteAsync(IReadOnlyList<RunDocument> runs)
    {
        string title = runs.Count == 1 ? $"Delete {runs[0].Name}?" : $"Delete {NumberFormat.Count(runs.Count)} runs?";
        const string Text = "Results, predictions, log and adapter are removed from disk. This cannot be undone.";
        if (await ConfirmDialog.AskAsync(dialogs, title, Text, "Delete") is false)
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
            toasts.Add(runs.Count == 1 ? $"Deleted {runs[0].Name}." : $"Deleted {NumberFormat.Count(runs.Count)} runs.", Severity.Normal);
        }

        return all;
    }

    /// <summary>
    /// Saves what was typed into a field; returns the sentence for the field if the server refused it or could not be reached, so that it
    /// stands beside the text, which stays; null: it is saved.
    /// </summary>
    public async Task<string?> SaveAsync(Func<Task> action, string? done)
    {
        try
        {
            await action();
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            return failure is ApiException ? failure.Message : $"{ApiException.Unreachable} Save again when the connection is restored.";
        }

        if (done is not null)
        {
            toasts.Add(done, Severity.Normal);
        }

        return null;
    }

    /// <summary>Performs an action and shows the result; returns false if the server rejected it or could not be reached.</summary>
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
            toasts.Add($"{ApiException.Unreachable} Nothing was changed; try again when the connection is restored.", Severity.Error);
            return false;
        }

        if (done is not null)
        {
            toasts.Add(done, Severity.Normal);
        }

        return true;
    }
}
