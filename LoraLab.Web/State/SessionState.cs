using LoraLab.Contracts;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.State;

/// <summary>Who is signed in. On a server that needs a key, whoever is not is led to <c>/login</c> and back.</summary>
public sealed class SessionState(LabApi api, NavigationManager navigation)
{
    private bool _leaving;

    /// <summary>Null until the first answer.</summary>
    public SessionDocument? Document { get; private set; }

    /// <summary>True when the pages may ask for things.</summary>
    public async Task<bool> StartAsync()
    {
        try
        {
            Document = await api.SessionAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // The server is away: the pages say so themselves.
            return true;
        }

        if (Document is { KeyRequired: true, Name: null })
        {
            Leave();
            return false;
        }

        return true;
    }

    /// <summary>The server does not know this browser (any more).</summary>
    public void Leave()
    {
        string here = "/" + navigation.ToBaseRelativePath(navigation.Uri);
        if (_leaving || here.StartsWith("/login", StringComparison.Ordinal))
        {
            return;
        }

        _leaving = true;
        // Loaded anew: nothing that was shown before is left in the page.
        navigation.NavigateTo($"login?return={Uri.EscapeDataString(here)}", forceLoad: true);
    }

    /// <summary>Exchanges the key for a cookie, and goes back to where the user wanted to be.</summary>
    public async Task SignInAsync(string key, string? returnTo)
    {
        await api.SignInAsync(new SignInRequest(key), CancellationToken.None);
        navigation.NavigateTo(Own(returnTo), forceLoad: true);
    }

    public async Task SignOutAsync()
    {
        await api.SignOutAsync(CancellationToken.None);
        navigation.NavigateTo("login", forceLoad: true);
    }

    /// <summary>Only a page of this server: the address may be made by others.</summary>
    private static string Own(string? path) =>
        path is ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : "/";
}
