using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>A run behind the numbers.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Method">Its method.</param>
/// <param name="Stage">Selection or reported.</param>
/// <param name="Settings">Its cell.</param>
/// <param name="Seed">Seed k.</param>
/// <param name="Counted">Whether it is in the tables.</param>
/// <param name="NotCounted">Why it is not in the tables; null: it is.</param>
/// <param name="Spec">Its specification with all values as used.</param>
/// <param name="Fingerprint">Hashes of its inputs and results.</param>
/// <param name="Environment">Device and versions.</param>
internal sealed record ProvenanceRun(
    string RunId,
    string Method,
    StudyStage Stage,
    JsonObject Settings,
    long Seed,
    bool Counted,
    string? NotCounted,
    RunSpec? Spec,
    RunFingerprint? Fingerprint,
    RunEnvironment? Environment);
