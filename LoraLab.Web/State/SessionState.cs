using LoraLab.Contracts;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace LoraLab.Web.State;

/// <summary>
/// The signed-in session. On a server that requires a key, a browser without one is redirected to <c>/login</c> and back.
/// </summary>
public sealed class SessionState(LabApi api, NavigationManager navigation, IJSRuntime js)
{
    private bool _redirecting;

    /// <summary>Null until the first response.</summary>
    public SessionDocument? Document { get; private set; }

    /// <summary>Loads the session; returns false if the browser is redirected to the sign-in page.</summary>
    public async Task<bool> StartAsync()
    {
        try
        {
            Document = await api.SessionAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // The server cannot be reached, which the pages report themselves.
            return true;
        }

        if (Document is { KeyRequired: true, Name: null })
        {
            RedirectToSignIn();
            return false;
        }

        return true;
    }

    /// <summary>Redirects to the sign-in page: the server does not accept this browser's session.</summary>
    public void RedirectToSignIn()
    {
        string here = "/" + navigation.ToBaseRelativePath(navigation.Uri);
        if (_redirecting || here.StartsWith("/login", StringComparison.Ordinal))
        {
            return;
        }

        _redirecting = true;
        // A full load, so that no data of the previous session stays in the page.
        navigation.NavigateTo($"login?return={Uri.EscapeDataString(here)}", forceLoad: true);
    }

    /// <summary>Exchanges the key for a cookie, then returns to the requested page.</summary>
    public async Task SignInAsync(string key, string? returnTo)
    {
        await api.SignInAsync(new SignInRequest(key), CancellationToken.None);
        // Absolute, because a path such as "javascript:…" would otherwise be an address of its own.
        navigation.NavigateTo(navigation.BaseUri + LocalPath(returnTo)[1..], forceLoad: true);
    }

    public async Task SignOutAsync()
    {
        await api.SignOutAsync(CancellationToken.None);
        await js.InvokeVoidAsync("loralabLastView.forget");
        navigation.NavigateTo("login", forceLoad: true);
    }

    /// <summary>The path if it is on this server, else the start page: the parameter may be crafted by an attacker.</summary>
    private static string LocalPath(string? path) =>
        path is ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : "/";
}
