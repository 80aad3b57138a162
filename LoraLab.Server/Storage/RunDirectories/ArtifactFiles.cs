using System.Globalization;
using System.Text.RegularExpressions;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>
/// The files in a run's directory. A file is looked up by name in the listing, never by a client's path, and links are not listed:
/// nothing outside the directory can be reached.
/// </summary>
internal sealed partial class ArtifactFiles(LoraLabPaths paths)
{
    private static readonly EnumerationOptions _walk = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device,
    };

    public IReadOnlyList<RunArtifact> List(string runId)
    {
        string root = paths.RunDirectory(runId);
        return !Directory.Exists(root) ? [] : [.. new DirectoryInfo(root).EnumerateFiles("*", _walk)
            .Where(file => file.LinkTarget is null)
            .Select(file => Describe(Path.GetRelativePath(root, file.FullName).Replace(Path.DirectorySeparatorChar, '/'), file))
            .OfType<RunArtifact>()
            .OrderBy(artifact => artifact.Name, StringComparer.Ordinal)];
    }

    /// <summary>The listed file of that name and its path; null: there is none.</summary>
    public (RunArtifact Artifact, string Path)? Find(string runId, string name) =>
        List(runId).FirstOrDefault(artifact => artifact.Name == name) is { } found ? (found, PathOf(runId, found)) : null;

    public string PathOf(string runId, RunArtifact artifact) => Path.Combine(paths.RunDirectory(runId), artifact.Name);

    /// <summary>Null if the file was removed meanwhile, is incomplete, or is internal to the server.</summary>
    private static RunArtifact? Describe(string name, FileInfo file)
    {
        try
        {
            return name.Contains(TemporaryName.Suffix, StringComparison.Ordinal) || name == RunRecords.Submission
                ? null
                : new RunArtifact
                {
                    Name = name,
                    Kind = KindOf(name),
                    Bytes = file.Length,
                    Step = StepOf(name),
                    ModifiedAt = file.LastWriteTimeUtc,
                };
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static ArtifactKind KindOf(string name) => name.Split('/') switch
    {
        [RunFiles.Spec] => ArtifactKind.Spec,
        [RunRecords.Record] => ArtifactKind.Record,
        [RunFiles.Fingerprint] => ArtifactKind.Fingerprint,
        [RunFiles.Adapter, ..] => ArtifactKind.Adapter,
        [RunFiles.BestAdapter, ..] => ArtifactKind.BestAdapter,
        [RunFiles.Merged or RunFiles.MergedBest, ..] => ArtifactKind.Merged,
        [RunFiles.Checkpoints, ..] => ArtifactKind.Checkpoint,
        [RunFiles.EvaluationRows] => ArtifactKind.EvaluationRows,
        [RunFiles.Predictions, _] => ArtifactKind.Predictions,
        ["attempts", _, RunFiles.Events] => ArtifactKind.Events,
        ["attempts", _, RunFiles.Log] => ArtifactKind.Log,
        _ => ArtifactKind.Other,
    };

    private static int? StepOf(string name) =>
        StepInName().Match(name) is { Success: true } match
            && int.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out int step) ? step : null;

    [GeneratedRegex("^(?:predictions|checkpoints)/step-([0-9]+)")]
    private static partial Regex StepInName();
}
