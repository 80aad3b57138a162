using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>A run that a plan asks for.</summary>
/// <param name="Key">Which of the plan's runs it is: of the same key there is one.</param>
/// <param name="Label">What it is, for a sentence that refuses it: for example <c>lora-plus with learningRate 0.0001, seed 1</c>.</param>
/// <param name="Spec">Its specification.</param>
internal sealed record RequestedRun(string Key, string Label, JsonObject Spec);

/// <summary>A run that a plan stops.</summary>
/// <param name="RunId">The run; one that does not wait or run is left alone.</param>
/// <param name="Rule">The rule that stops it, in one sentence: the run ends as pruned. Null: it is cancelled.</param>
internal sealed record RequestedStop(string RunId, string? Rule);
