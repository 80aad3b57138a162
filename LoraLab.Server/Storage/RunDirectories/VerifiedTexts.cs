using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>
/// The texts beside a run's predictions, as long as they have the hash of the run's fingerprint: a text that the run did not see must not
/// stand next to its prediction. A run without a fingerprint has no hash that they could differ from.
/// </summary>
internal sealed class VerifiedTexts(LoraLabPaths paths)
{
    private const int MaximumRuns = 1000;

    private readonly ConcurrentDictionary<string, (string Stamp, bool Changed)> _known = new();

    /// <summary>The file of a run's texts; null: it has none. Changed: it must not be shown.</summary>
    public (string? Path, bool Changed) Of(string runId)
    {
        FileInfo rows = new(Path.Combine(paths.RunDirectory(runId), RunFiles.EvaluationRows));
        FileInfo fingerprint = new(Path.Combine(paths.RunDirectory(runId), RunFiles.Fingerprint));
        if (!rows.Exists)
        {
            return (null, false);
        }

        if (!fingerprint.Exists)
        {
            return (rows.FullName, false);
        }

        string stamp = $"{rows.Length} {rows.LastWriteTimeUtc.Ticks} {fingerprint.Length} {fingerprint.LastWriteTimeUtc.Ticks}";
        if (!_known.TryGetValue(runId, out (string Stamp, bool Changed) known) || known.Stamp != stamp)
        {
            known = (stamp, HashOf(rows.FullName) != ExpectedHash(fingerprint.FullName));
            if (_known.Count >= MaximumRuns)
            {
                _known.Clear();
            }

            _known[runId] = known;
        }

        return known.Changed ? (null, true) : (rows.FullName, false);
    }

    private static string? HashOf(string path)
    {
        try
        {
            using EvaluationRowsHash hash = new();
            foreach (EvaluationRow? row in File.ReadLines(path).Select(EvaluationTexts.Parse))
            {
                if (row is null)
                {
                    return null;
                }

                hash.Add(row.Row, row.Label, row.Columns.Values);
            }

            return hash.Hex();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The hash in a fingerprint; empty, which no hash is, if it cannot be read.</summary>
    private static string ExpectedHash(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path))?["evaluation"]?["sha256"]?.GetValue<string>() ?? "";
        }
        catch (Exception unreadable)
            when (unreadable is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
