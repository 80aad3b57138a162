using System.Text.RegularExpressions;
using Microsoft.AspNetCore.StaticAssets;

namespace LoraLab.Server.Hosting;

/// <summary>
/// Addresses of the dashboard's files with their fingerprints, under which browsers keep them for a year: a later visit asks for none of
/// them again. Where files change while the server runs, they keep their names.
/// </summary>
internal sealed partial class FingerprintedFiles(EndpointDataSource endpoints, IWebHostEnvironment environment)
{
    private const string Label = "label";

    // The runtime of the dashboard asks for its files by names of its own.
    private const string Runtime = "_framework/";

    private readonly Lazy<Dictionary<string, string>> _addresses = new(() => environment.IsDevelopment() ? [] : Find(endpoints));

    /// <summary>Replaces the addresses of files in a page of HTML.</summary>
    public string Apply(string page) => Address().Replace(
        page, match => match.Groups[1].Value + _addresses.Value.GetValueOrDefault(match.Groups[2].Value, match.Groups[2].Value));

    private static Dictionary<string, string> Find(EndpointDataSource endpoints)
    {
        StaticAssetDescriptor[] files =
        [
            .. endpoints.Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>())
                .OfType<StaticAssetDescriptor>(),
        ];
        // A file that only its name without a fingerprint has compressed would take longer to load.
        HashSet<string> compressed = [.. files.Where(file => file.Selectors.Count > 0).Select(file => file.Route)];
        return files.Where(file => compressed.Contains(file.Route))
            .SelectMany(file => file.Properties.Where(property => property.Name == Label).Select(property => (property.Value, file.Route)))
            .Where(file => !file.Value.StartsWith(Runtime, StringComparison.Ordinal))
            .DistinctBy(file => file.Value)
            .ToDictionary(file => file.Value, file => file.Route, StringComparer.Ordinal);
    }

    [GeneratedRegex("""((?:href|src)=")([^"]+)(?=")""")]
    private static partial Regex Address();
}
