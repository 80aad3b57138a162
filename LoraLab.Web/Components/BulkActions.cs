using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using MudBlazor;

namespace LoraLab.Web.Components;

/// <summary>Actions on many runs at once: says on how many they were performed, and why not on the others.</summary>
public sealed class BulkActions(LabApi api, RunActions actions, IDialogService dialogs, ISnackbar toasts)
{
    /// <summary>Cancels runs.</summary>
    public Task CancelAsync(IReadOnlyList<string> ids) =>
        ActAsync("Cancelled", () => api.CancelRunsAsync(new BulkRequest { Ids = ids }, CancellationToken.None));

    /// <summary>Deletes runs after confirmation.</summary>
    /// <param name="ids">The runs.</param>
    /// <param name="name">What they are called in the question.</param>
    /// <returns>Whether it was confirmed.</returns>
    public async Task<bool> DeleteAsync(IReadOnlyList<string> ids, string name)
    {
        const string Text = "Results, predictions, log and adapter are removed from disk. This cannot be undone.";
        if (!await ConfirmDialog.AskAsync(dialogs, $"Delete {name}?", Text, "Delete"))
        {
            return false;
        }

        await ActAsync("Deleted", () => api.DeleteRunsAsync(new BulkRequest { Ids = ids }, CancellationToken.None));
        return true;
    }

    private async Task ActAsync(string done, Func<Task<BulkResult>> action)
    {
        BulkResult? result = null;
        if (!await actions.TryAsync(async () => result = await action(), null))
        {
            return;
        }

        if (result!.Total > 0)
        {
            toasts.Add($"{done} {NumberFormat.Count(result.Total, "run")}.", Severity.Normal);
        }

        if (result.Skipped is [{ } first, ..])
        {
            toasts.Add(
                result.Skipped.Count == 1 ? first.Detail
                    : $"{NumberFormat.Count(result.Skipped.Count, "run")} stayed as they are. The first: {first.Detail}",
                Severity.Warning);
        }
    }
}
