using System.Net;

namespace LoraLab.Web.Api;

/// <summary>Raises <see cref="SignedOut"/> when the server responds with 401: the session has ended.</summary>
public sealed class SignedOutHandler(HttpMessageHandler transport) : DelegatingHandler(transport)
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
