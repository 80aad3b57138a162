using System.Net;

namespace LoraLab.Web.Api;

/// <summary>Tells when the server answers that it does not know this browser: the session has ended.</summary>
public sealed class SignedOutHandler() : DelegatingHandler(new HttpClientHandler())
{
    public event Action? SignedOut;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            SignedOut?.Invoke();
        }

        return response;
    }
}
