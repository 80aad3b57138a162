using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.State;

/// <summary>What can be done with a run, the same from every page: asks where something would be lost, and says what the server said.</summary>
public sealed class RunActions(LabApi api, IDialogService dialogs, ISnackbar toasts, NavigationManager navigation)
{
    public static bool CanCancel(RunState state) => state is RunState.Queued or RunState.Preparing or RunState.Running;

    public static bool CanDelete(RunState state) => state.IsTerminal();

    public Task<bool> CancelAsync(RunDocument run) => TryAsync(
        () => api.ActAsync(run.Id, "cancel", CancellationToken.None),
        run.State == RunState.Queued ? $"{run.Name} is taken out of the queue." : $"{run.Name} is stopping.");

    public void Clone(RunDocument run) => navigation.NavigateTo($"runs/new?from={run.Id}");

    public async Task<bool> RenameAsync(RunDocument run, string name)
    {
        string trimmed = name.Trim();
        return trimmed.Length > 0 && (trimmed == run.Name || await TryAsync(
            () => api.PatchRunAsync(run.Id, new RunPatch { Name = trimmed }, CancellationToken.None),
            null));
    }

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
