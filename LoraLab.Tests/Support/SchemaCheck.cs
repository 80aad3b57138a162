using System.Net.Http.Headers;
using Xunit.Sdk;

namespace LoraLab.Tests.Support;

/// <summary>
/// Compares every response that a test receives with the committed OpenAPI document; fails the request if it does not fit. Every client of
/// a server is created here.
/// </summary>
internal sealed class SchemaCheck(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>A client of a server.</summary>
    /// <param name="address">The server's address.</param>
    /// <param name="handler">Sends the requests; null: the default.</param>
    public static HttpClient CreateClient(Uri address, HttpMessageHandler? handler = null) =>
        new(new SchemaCheck(handler ?? new SocketsHttpHandler())) { BaseAddress = address };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        HttpContentHeaders headers = response.Content.Headers;
        // Streams and files are not read here.
        byte[]? body = headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true
            ? await response.Content.ReadAsByteArrayAsync(cancellationToken)
            : null;
        string? wrong = ApiSchema.Committed.WhatIsWrong(
            request.Method.Method,
            request.RequestUri!.AbsolutePath,
            request.RequestUri.Query,
            response.StatusCode,
            headers.ContentType?.MediaType,
            headers.Allow,
            body);
        return wrong is null ? response : throw new XunitException(
            $"{request.Method} {request.RequestUri.PathAndQuery}: {wrong}. It was answered with {(int)response.StatusCode} "
                + System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body?.Length ?? 0, 400))));
    }
}
