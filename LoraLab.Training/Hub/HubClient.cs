using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// A client of the hub's API: <c>/api/{kind}/{id}/revision/{revision}?blobs=true</c> lists a repository, and
/// <c>/{id}/resolve/{commit}/{path}</c> returns a file, usually by a redirect to another host. Redirects are followed here and not by the
/// handler, because the token must not be sent to another host.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 10;
    private const string Login = ", or log in with 'hf auth login'";

    private readonly HubOptions _options;
    private readonly HttpClient _http;

    public HubClient(HubOptions options)
    {
        _options = options;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue(
            "LoraLab", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
        // Ranges and sizes must refer to the file itself, not to a compressed response.
        _http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>Lists the files of a repository.</summary>
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
            throw RunFailure.BadData(
                $"The response of {_options.Endpoint} is not that of a Hugging Face Hub ({problem.Message}); check HF_ENDPOINT.",
                null, problem);
        }
        catch (Exception problem) when (IsConnectionFailure(problem, cancellationToken))
        {
            throw new HubUnavailableException(problem.Message, null, problem);
        }
    }

    /// <summary>Requests a file from a byte onward. The response may ignore the range, with status 200 instead of 206.</summary>
    /// <param name="repository">Repository of the file.</param>
    /// <param name="commit">Commit of the file.</param>
    /// <param name="path">Path in the repository.</param>
    /// <param name="from">First byte to return.</param>
    /// <param name="tag">Entity tag of the bytes already downloaded; null if unknown.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public Task<HttpResponseMessage> OpenAsync(
        HubRepository repository, string commit, string path, long from, string? tag, CancellationToken cancellationToken)
    {
        string escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        return SendAsync(
            repository,
            Address($"{WebPath(repository)}/resolve/{Uri.EscapeDataString(commit)}/{escaped}"),
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

    /// <summary>Whether an exception is a connection failure, not a cancellation by the caller.</summary>
    public static bool IsConnectionFailure(Exception problem, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested
            && problem is HttpRequestException or IOException or OperationCanceledException or TimeoutException;

    private static HubListing Listing(JsonElement root)
    {
        List<HubFile> files = [];
        foreach (JsonElement file in root.GetProperty("siblings").EnumerateArray())
        {
            JsonElement? lfs = Member(file, "lfs");
            files.Add(new HubFile(
                file.GetProperty("rfilename").GetString() ?? throw new FormatException("a file has no name"),
                Size(lfs) ?? Size(file),
                Member(lfs, "sha256")?.GetString(),
                // That of a large file is the id of its pointer.
                lfs is null ? Member(file, "blobId")?.GetString() : null));
        }

        return new HubListing(root.GetProperty("sha").GetString() ?? throw new FormatException("the repository has no commit"), files);
    }

    private static long? Size(JsonElement? element) => Member(element, "size")?.GetInt64() is long size and >= 0 ? size : null;

    /// <summary>A member of an object; null: absent or null, as mirrors that know less than the hub leave it.</summary>
    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } members && members.TryGetProperty(name, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    /// <summary>Returns the path of a repository on the hub; models have no prefix.</summary>
    private static string WebPath(HubRepository repository) =>
        repository.Kind == "models" ? repository.Id : $"{repository.Kind}/{repository.Id}";

    private Uri Address(string relative) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{relative}");

    private async Task<HttpResponseMessage> SendAsync(
        HubRepository repository, Uri address, Action<HttpRequestMessage>? prepare, CancellationToken cancellationToken)
    {
        for (int redirects = 0; redirects <= MaxRedirects; redirects++)
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
                    throw ErrorFor(repository, address, response);
                }

                Uri next = new(address, response.Headers.Location!);
                if (next.Scheme != Uri.UriSchemeHttps && (next.Scheme != Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
                {
                    throw RunFailure.BadData(
                        $"{address.Host} redirects from {address.Scheme} to {next.Scheme}, which LoraLab does not follow.");
                }

                address = next;
            }
        }

        throw RunFailure.BadData($"{_options.Endpoint.Host} redirected more than {MaxRedirects} times for '{repository}'.");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        Uri address, Action<HttpRequestMessage>? prepare, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        prepare?.Invoke(request);
        if (_options.Token is not null && IsHub(address))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.Token);
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.StallTimeout);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
        }
        catch (Exception problem) when (IsConnectionFailure(problem, cancellationToken))
        {
            string reason = problem is OperationCanceledException
                ? $"no response within {_options.StallTimeout.TotalSeconds:0} seconds"
                : problem.Message;
            throw new HubUnavailableException($"{address.Host} cannot be reached: {reason}", null, problem);
        }
    }

    private bool IsHub(Uri address) =>
        address.Scheme == _options.Endpoint.Scheme && address.Port == _options.Endpoint.Port
        && string.Equals(address.Host, _options.Endpoint.Host, StringComparison.OrdinalIgnoreCase);

    private static bool IsRedirect(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.Location is not null;

    private Exception ErrorFor(HubRepository repository, Uri address, HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        if (status is 408 or 429 or >= 500)
        {
            return new HubUnavailableException(
                $"{address.Host} returned {status} {response.ReasonPhrase}", response.Headers.RetryAfter?.Delta);
        }

        string kind = repository.Kind == "models" ? "model" : "dataset";
        string code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? codes) ? codes.FirstOrDefault() ?? "" : "";
        return RunFailure.BadData((status, code) switch
        {
            (401 or 403, "GatedRepo") =>
                $"The {kind} '{repository}' is gated: accept its terms at {Address(WebPath(repository))} and set "
                    + $"HF_TOKEN to a token of that account{Login}.",
            (401 or 403, _) when _options.Token is null =>
                $"The hub denies access to the {kind} '{repository}' without a token ({status}): either it does not exist, or it is "
                + $"private; for a private one, set HF_TOKEN to a token with read access{Login}.",
            (401 or 403, _) =>
                $"The hub denies access to the {kind} '{repository}' ({status}): either it does not exist, "
                    + $"or the token ({_options.TokenSource}) has no read access.",
            (404, "RevisionNotFound") => $"The {kind} '{repository.Id}' has no revision '{repository.Revision}'.",
            (404, _) => $"The hub has no {kind} '{repository}', or lacks one of its files ({address.AbsolutePath}); check the spelling.",
            _ => $"{address.Host} returned {status} {response.ReasonPhrase} for {address.AbsolutePath}.",
        });
    }
}
