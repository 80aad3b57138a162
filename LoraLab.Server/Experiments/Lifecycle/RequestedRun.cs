using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>A run to create for an experiment.</summary>
/// <param name="Key">Identifies the run within the experiment: there is one run per key.</param>
/// <param name="Label">Names the run in error messages, for example <c>lora-plus with learningRate 1e-4, seed 1</c>.</param>
/// <param name="Spec">Its specification.</param>
internal sealed record RequestedRun(string Key, string Label, JsonObject Spec);

/// <summary>A run to stop for an experiment.</summary>
/// <param name="RunId">The run; ignored unless it is queued, preparing or running.</param>
/// <param name="Rule">One sentence about the rule that stops it: the run ends as pruned. Null: the run is cancelled.</param>
internal sealed record RequestedStop(string RunId, string? Rule);
