using System.Text.Json;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Hub;

/// <summary>The revisions that runs of the data directory recorded: they resume on them, and are evaluated and merged with them.</summary>
internal static class RevisionUsers
{
    /// <summary>Returns the commits that the fingerprints of all runs name.</summary>
    public static IReadOnlySet<string> Commits(string dataDirectory)
    {
        HashSet<string> commits = [];
        string runs = Path.Combine(dataDirectory, "runs");
        foreach (string run in Directory.Exists(runs) ? Directory.GetDirectories(runs) : [])
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(run, RunFiles.Fingerprint)));
                if (document.RootElement.TryGetProperty("environment", out JsonElement environment))
                {
                    foreach (string member in (ReadOnlySpan<string>)["modelRevision", "datasetRevision"])
                    {
                        if (environment.TryGetProperty(member, out JsonElement commit) && commit.ValueKind == JsonValueKind.String)
                        {
                            commits.Add(commit.GetString()!);
                        }
                    }
                }
            }
            catch (Exception problem)
                when (problem is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
            {
                // A run without a fingerprint has not started to train; one that is starting holds a lease.
            }
        }

        return commits;
    }
}
