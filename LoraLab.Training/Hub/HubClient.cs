using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// The hub's routes: <c>/api/{kind}/{id}/revision/{revision}?blobs=true</c> lists a repository, <c>/{id}/resolve/{commit}/{path}</c>
/// gives a file, mostly by a redirect to another host. Redirects are followed here and not by the handler, because the token must
/// not go to another host.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 10;

    private readonly HubOptions _options;
    private readonly HttpClient _http;

    public HubClient(HubOptions options)
    {
        _options = options;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("LoraLab", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
        // Ranges and sizes only mean something of the file itself, not of a compressed answer.
        _http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>The files of a repository.</summary>
    public async Task<HubListing> ListAsync(HubRepository repository, CancellationToken cancellationToken)
    {
        Uri address = Address($"api/{repository.Kind}/{repository.Id}/revision/{Uri.EscapeDataString(repository.Revision)}?blobs=true");
        using HttpResponseMessage response = await SendAsync(repository, address, null, cancellationToken).ConfigureAwait(false);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken).ConfigureAwait(false);
            return Listing(document.RootElement);
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw RunFailure.BadData($"{_options.Endpoint} did not answer like a Hugging Face hub; check HF_ENDPOINT ({problem.Message}).", null, problem);
        }
        catch (Exception problem) when (IsBroken(problem, cancellationToken))
        {
            throw new HubUnavailableException(problem.Message, null, problem);
        }
    }

    /// <summary>Opens a file from a byte on. The answer may ignore the range: 200 instead of 206.</summary>
    /// <param name="repository">Repository of the file.</param>
    /// <param name="commit">Commit to take it from.</param>
    /// <param name="path">Its path in the repository.</param>
    /// <param name="from">First byte wanted.</param>
    /// <param name="tag">Entity tag of what is already there; null: unknown.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<HttpResponseMessage> OpenAsync(HubRepository repository, string commit, string path, long from, string? tag, CancellationToken cancellationToken)
    {
        string escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        return SendAsync(
            repository,
            Address($"{Page(repository)}/resolve/{Uri.EscapeDataString(commit)}/{escaped}"),
            request =>
            {
                if (from > 0)
                {
                    request.Headers.Range = new RangeHeaderValue(from, null);
                    request.Headers.IfRange = tag is null ? null : new RangeConditionHeaderValue(tag);
                }
            },
            cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Whether a failure is one of the connection, and not a cancellation by the caller.</summary>
    public static bool IsBroken(Exception problem, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && problem is HttpRequestException or IOException or OperationCanceledException or TimeoutException;

    private static HubListing Listing(JsonElement root)
    {
        List<HubFile> files = [];
        foreach (JsonElement file in root.GetProperty("siblings").EnumerateArray())
        {
            bool large = file.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
            files.Add(new HubFile(
                file.GetProperty("rfilename").GetString() ?? throw new FormatException("a file has no name"),
                large ? lfs.GetProperty("size").GetInt64() : file.GetProperty("size").GetInt64(),
                large ? lfs.GetProperty("sha256").GetString() : null,
                !large && file.TryGetProperty("blobId", out JsonElement blob) ? blob.GetString() : null));
        }

        return new HubListing(root.GetProperty("sha").GetString() ?? throw new FormatException("the repository has no commit"), files);
    }

    /// <summary>A repository's address below the hub's; models have no prefix.</summary>
    private static string Page(HubRepository repository) => repository.Kind == "models" ? repository.Id : $"{repository.Kind}/{repository.Id}";

    private Uri Address(string relative) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{relative}");

    private async Task<HttpResponseMessage> SendAsync(HubRepository repository, Uri address, Action<HttpRequestMessage>? prepare, CancellationToken cancellationToken)
    {
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            HttpResponseMessage response = await SendOnceAsync(address, prepare, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return response;
            }

            using (response)
            {
                if (!IsRedirect(response))
                {
                    throw Refusal(repository, address, response);
                }

                Uri next = new(address, response.Headers.Location!);
                if (address.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
                {
                    throw RunFailure.BadData($"{address.Host} redirects from https to {next.Scheme}; that is not followed.");
                }

                address = next;
            }
        }

        throw RunFailure.BadData($"{_options.Endpoint.Host} redirects more than {MostRedirects} times for '{repository}'.");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(Uri address, Action<HttpRequestMessage>? prepare, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        prepare?.Invoke(request);
        if (_options.Token is not null && IsHub(address))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.Token);
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Stall);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
        }
        catch (Exception problem) when (IsBroken(problem, cancellationToken))
        {
            string why = problem is OperationCanceledException ? $"no answer within {_options.Stall.TotalSeconds:0} seconds" : problem.Message;
            throw new HubUnavailableException($"{address.Host} cannot be reached: {why}", null, problem);
        }
    }

    private bool IsHub(Uri address) =>
        address.Scheme == _options.Endpoint.Scheme && address.Port == _options.Endpoint.Port
        && string.Equals(address.Host, _options.Endpoint.Host, StringComparison.OrdinalIgnoreCase);

    private static bool IsRedirect(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.Location is not null;

    private Exception Refusal(HubRepository repository, Uri address, HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        if (status is 408 or 429 or >= 500)
        {
            return new HubUnavailableException($"{address.Host} answered {status} {response.ReasonPhrase}", response.Headers.RetryAfter?.Delta);
        }

        string kind = repository.Kind == "models" ? "model" : "data set";
        string code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? codes) ? codes.FirstOrDefault() ?? "" : "";
        return RunFailure.BadData((status, code) switch
        {
            (401 or 403, "GatedRepo") => $"The {kind} '{repository}' is gated: accept its terms at {Address(Page(repository))} and set HF_TOKEN to a token of that account.",
            (401, _) when _options.Token is null => $"The hub refuses the {kind} '{repository}' without a token (401): it does not exist, or it is private and HF_TOKEN must be set to a token that may read it.",
            (401 or 403, _) => $"The hub refuses the {kind} '{repository}' ({status}): it does not exist, or the token in HF_TOKEN may not read it.",
            (404, "RevisionNotFound") => $"The {kind} '{repository.Id}' has no revision '{repository.Revision}'.",
            (404, _) => $"The hub has no {kind} '{repository}' or not all of its files ({address.AbsolutePath}); check the spelling.",
            _ => $"{address.Host} answered {status} {response.ReasonPhrase} for {address.AbsolutePath}.",
        });
    }
}
