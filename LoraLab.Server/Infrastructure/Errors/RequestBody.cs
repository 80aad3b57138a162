using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts;
using LoraLab.Files;
using Microsoft.AspNetCore.Http.Features;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>Reads JSON bodies strictly; every kind of error has its own message.</summary>
internal static class RequestBody
{
    public const int MaximumBytes = 1 << 20;


    private static readonly JsonDocumentOptions _parsing = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private static readonly JsonSerializerOptions _strict = new(ContractJson.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>What a request whose body is too large is told.</summary>
    public static string TooLargeMessage(HttpContext context) => $"The body is larger than {LimitOf(context) / 1024} KiB.";

    /// <summary>The body, which must be a JSON object; without a body: an empty object if <paramref name="optional"/>.</summary>
    public static async Task<JsonObject> ReadObjectAsync(
        HttpRequest request, bool optional = false, CancellationToken cancellationToken = default)
    {
        byte[] bytes = await ReadBytesAsync(request, cancellationToken);
        if (bytes.Length == 0)
        {
            return optional ? [] : throw ApiFailure.Malformed("The body is empty; send a JSON object.");
        }

        try
        {
            ReadOnlySpan<byte> text = JsonText.Utf8(bytes).Span;
            RequireUnicode(text);
            return JsonNode.Parse(text, documentOptions: _parsing) as JsonObject
                ?? throw ApiFailure.Malformed("The body must be a JSON object.");
        }
        catch (JsonException error)
        {
            throw ApiFailure.Malformed($"The body is not valid JSON: {JsonText.Problem(error)}");
        }
    }

    /// <summary>The body as a record; unknown members are an error.</summary>
    public static async Task<T> ReadAsync<T>(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonObject body = await ReadObjectAsync(request, cancellationToken: cancellationToken);
        return Convert<T>(body);
    }

    public static T Convert<T>(JsonObject body)
    {
        try
        {
            return body.Deserialize<T>(_strict) ?? throw ApiFailure.Malformed("The body must be a JSON object.");
        }
        catch (JsonException error)
        {
            throw ApiFailure.Malformed(BodyProblem.Of(error));
        }
    }

    /// <summary>The maximum number of bytes, which a route may declare.</summary>
    private static long LimitOf(HttpContext context) =>
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? MaximumBytes;

    // The parser accepts an unpaired surrogate in a string and fails only when the string is read.
    private static void RequireUnicode(ReadOnlySpan<byte> bytes)
    {
        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = _parsing.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                {
                    _ = reader.GetString();
                }
            }
        }
        catch (InvalidOperationException)
        {
            throw ApiFailure.Malformed(
                $"The string that ends at byte {reader.BytesConsumed} of the body is not valid Unicode: it has an unpaired surrogate.");
        }
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        long limit = LimitOf(request.HttpContext);
        using MemoryStream buffer = new();
        byte[] piece = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(piece, cancellationToken)) > 0)
        {
            buffer.Write(piece, 0, read);
            if (buffer.Length > limit)
            {
                throw ApiFailure.TooLarge(TooLargeMessage(request.HttpContext));
            }
        }

        return buffer.ToArray();
    }
}
