using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Infrastructure.Description;

/// <summary>
/// Names every operation after its method and path, <c>getRunMetrics</c> for <c>GET /runs/{id}/metrics</c>, so that generated clients have
/// readable methods that do not change when routes are added.
/// </summary>
internal sealed class OperationNames(string basePath) : IOpenApiOperationTransformer
{
    /// <inheritdoc />
    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.OperationId = NameOf(context.Description.HttpMethod ?? HttpMethods.Get, "/" + context.Description.RelativePath);
        return Task.CompletedTask;
    }

    private string NameOf(string method, string path)
    {
        string[] segments = path.Replace(basePath, "", StringComparison.Ordinal).Split('/', StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> words = segments.SelectMany((segment, i) => Words(
            i + 1 < segments.Length && segments[i + 1].StartsWith('{') ? Singular(segment) : segment));
        return string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + word[1..]).Prepend(method.ToLowerInvariant()));
    }

    /// <summary>The words of a segment, without parameters.</summary>
    private static IEnumerable<string> Words(string segment) =>
        (segment.StartsWith('{') ? segment[(segment.IndexOf('}', StringComparison.Ordinal) + 1)..] : segment)
        .Split([':', '.', '-'], StringSplitOptions.RemoveEmptyEntries);

    private static string Singular(string plural) => plural.EndsWith("ies", StringComparison.Ordinal) ? plural[..^3] + "y"
        : plural.EndsWith('s') ? plural[..^1]
        : plural;
}
