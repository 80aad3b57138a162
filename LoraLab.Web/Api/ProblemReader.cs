using System.Text.Json;

namespace LoraLab.Web.Api;

/// <summary>Converts an error response into an <see cref="ApiException"/>.</summary>
internal static class ProblemReader
{
    internal static async Task ThrowIfFailedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        string body = await response.Content.ReadAsStringAsync(cancellationToken);
        throw Read(response, body);
    }

    private static ApiException Read(HttpResponseMessage response, string body)
    {
        Dictionary<string, IReadOnlyList<string>> errors = [];
        string? message = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
            {
                message = Text(root, "detail") ?? Text(root, "title");
                ReadErrors(root, errors);
            }
        }
        catch (JsonException)
        {
            // Not problem+json: a proxy's error page, or an empty body.
        }

        message ??= $"The server responded with {(int)response.StatusCode} {response.ReasonPhrase}.";
        return new ApiException(response.StatusCode, message, errors);
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static void ReadErrors(JsonElement root, Dictionary<string, IReadOnlyList<string>> errors)
    {
        if (!root.TryGetProperty("errors", out JsonElement fields) || fields.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty field in fields.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Array)
            {
                errors[field.Name] = [.. field.Value.EnumerateArray().Select(item => item.ToString())];
            }
        }
    }
}
