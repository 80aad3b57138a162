using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;

namespace LoraLab.Tests.Web.Support;

/// <summary>
/// The server of a rendered page: answers what a test prepared for a method and path, whatever the query. A request without an answer
/// fails the page's load and is listed in <see cref="Unexpected"/>.
/// </summary>
internal sealed class FakeServer : HttpMessageHandler
{
    private readonly Dictionary<(HttpMethod Method, string Path), Func<SentRequest, Task<HttpResponseMessage>>> _answers = [];
    private readonly ConcurrentQueue<SentRequest> _requests = new();

    /// <summary>The number of the last live event that every response says to include; null: responses do not say.</summary>
    public long? Seq { get; set; }

    /// <summary>All requests so far, in order.</summary>
    public IReadOnlyList<SentRequest> Requests => [.. _requests];

    /// <summary>Requests that no answer was prepared for.</summary>
    public List<SentRequest> Unexpected { get; } = [];

    /// <summary>Whether a request has an answer, or is held, refused or broken off.</summary>
    public bool HasAnswer(HttpMethod method, string path) => _answers.ContainsKey((method, path));

    /// <summary>Answers with a body.</summary>
    public void Answer(HttpMethod method, string path, object body) => Answer(method, path, _ => body);

    /// <summary>Answers with a body made from the request.</summary>
    public void Answer(HttpMethod method, string path, Func<SentRequest, object> body) =>
        _answers[(method, path)] = request => Task.FromResult(Json(HttpStatusCode.OK, body(request)));

    /// <summary>Refuses with problem details.</summary>
    public void Refuse(HttpMethod method, string path, HttpStatusCode status, string detail) =>
        _answers[(method, path)] = _ => Task.FromResult(Json(status, new { status = (int)status, detail }));

    /// <summary>Refuses with problem details about a field.</summary>
    public void RefuseFields(HttpMethod method, string path, HttpStatusCode status, string detail, string field) =>
        _answers[(method, path)] = _ => Task.FromResult(Json(
            status,
            new { status = (int)status, detail, errors = new Dictionary<string, string[]> { [field] = [detail] } }));

    /// <summary>Is out of reach for this request.</summary>
    public void BreakOff(HttpMethod method, string path) =>
        _answers[(method, path)] = _ => Task.FromException<HttpResponseMessage>(new HttpRequestException("Connection refused."));

    /// <summary>Leaves the request waiting until the result is completed with the body.</summary>
    public TaskCompletionSource<object> Hold(HttpMethod method, string path)
    {
        TaskCompletionSource<object> body = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _answers[(method, path)] = async _ => Json(HttpStatusCode.OK, await body.Task);
        return body;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        SentRequest sent = new(
            request.Method,
            request.RequestUri!.AbsolutePath,
            Uri.UnescapeDataString(request.RequestUri.Query),
            request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
        _requests.Enqueue(sent);
        if (_answers.TryGetValue((sent.Method, sent.Path), out Func<SentRequest, Task<HttpResponseMessage>>? answer))
        {
            HttpResponseMessage response = await answer(sent).WaitAsync(cancellationToken);
            if (Seq is long seq)
            {
                response.Headers.Add(LiveHub.SeqHeader, $"{seq}");
            }

            return response;
        }

        Unexpected.Add(sent);
        return Json(HttpStatusCode.NotImplemented, new { detail = $"The test has no answer to {sent.Method} {sent.Path}." });
    }

    private static HttpResponseMessage Json(HttpStatusCode status, object body) =>
        new(status) { Content = JsonContent.Create(body, body.GetType(), options: ContractJson.Options) };
}
