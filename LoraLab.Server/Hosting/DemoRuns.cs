using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Hosting;

/// <summary>Queues the bundled comparison, <c>samples/runs/*.json</c> in file name order, unless it was queued before.</summary>
internal sealed class DemoRuns(IRunStore store, RunService service, LoraLabPaths paths)
{
    private const string Tag = "demo";

    /// <summary>The demo's runs in submission order, and the errors.</summary>
    public async Task<(IReadOnlyList<RunDocument> Runs, IReadOnlyList<string> Problems)> QueueAsync(CancellationToken cancellationToken)
    {
        List<RunDocument> runs = [.. store.Enumerate(new RunFilter { Tags = new HashSet<string> { Tag } }).Select(run => run.Document)];
        if (runs.Count > 0)
        {
            return (runs, []);
        }

        string folder = Path.Combine(paths.Samples, "runs");
        List<string> files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)] : [];
        List<string> problems = files.Count == 0 ? [$"No demo runs found: {folder} has no *.json files."] : [];
        foreach (string file in files)
        {
            try
            {
                runs.Add(await service.SubmitAsync(await ReadAsync(file, cancellationToken), null, cancellationToken));
            }
            catch (Exception error) when (error is ApiFailure or JsonException or IOException or InvalidOperationException)
            {
                problems.Add($"{Path.GetFileName(file)} was not queued: {error.Message}");
            }
        }

        return (runs, problems);
    }

    private static async Task<JsonObject> ReadAsync(string file, CancellationToken cancellationToken)
    {
        JsonObject spec = JsonNode.Parse(await File.ReadAllTextAsync(file, cancellationToken))!.AsObject();
        JsonArray tags = spec["tags"] as JsonArray ?? [];
        if (!tags.Any(tag => tag?.GetValue<string>() == Tag))
        {
            tags.Add(Tag);
        }

        spec["tags"] = tags.DeepClone();
        return spec;
    }
}
