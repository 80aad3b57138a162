using LoraLab.Contracts.Runs.Views;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.Runs.Views;

/// <summary>The saved view that a page shows, perhaps with changes.</summary>
public sealed class ShownView(LabApi api)
{
    /// <summary>The view; null: none is shown.</summary>
    public SavedView? View { get; private set; }

    /// <summary>Why the view of the address cannot be shown; null: it can, or there is none.</summary>
    public string? Failure { get; private set; }

    /// <summary>Shows a view as it was saved; null: none.</summary>
    public void Show(SavedView? view) => (View, Failure) = (view, null);

    /// <summary>Loads the view that an address names.</summary>
    /// <param name="id">Id of the view; null or empty: none.</param>
    /// <param name="cancellationToken">Cancelled when the page is closed.</param>
    /// <returns>Whether another view is shown than before.</returns>
    public async Task<bool> OpenAsync(string? id, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id))
        {
            Show(null);
            return false;
        }

        if (View?.Id == id)
        {
            return false;
        }

        try
        {
            Show(await api.GetViewAsync(id, cancellationToken));
            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
        {
            (View, Failure) = (null, ApiException.MessageFor(failure));
            return false;
        }
    }
}
