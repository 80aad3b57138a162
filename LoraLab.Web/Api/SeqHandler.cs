using System.Globalization;
using LoraLab.Contracts.Live;

namespace LoraLab.Web.Api;

/// <summary>Reads from the first response which live events it includes: whoever subscribes after that number misses none.</summary>
public sealed class SeqHandler(HttpMessageHandler transport) : DelegatingHandler(transport)
{
    /// <summary>Number of the last event before the first response; null: there was none yet.</summary>
    public long? First { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (First is null && response.Headers.TryGetValues(LiveHub.SeqHeader, out IEnumerable<string>? values)
            && long.TryParse(values.First(), CultureInfo.InvariantCulture, out long seq))
        {
            First = seq;
        }

        return response;
    }
}
