using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>A run as the store keeps it: the public document and what only the server needs.</summary>
internal sealed record StoredRun
{
    public required RunDocument Document { get; init; }

    /// <summary>Place among waiting runs of the same priority, lower first.</summary>
    public long Position { get; init; }

    /// <summary>Which of its study's or sweep's runs it is; null where it belongs to none.</summary>
    [JsonPropertyName("planKey")]
    public string? ExperimentKey { get; init; }

    /// <summary>The files of model, data set and adapter when it was queued.</summary>
    public IReadOnlyList<FileSnapshot> Files { get; init; } = [];

    /// <summary>The specification as it was submitted; clones start from it.</summary>
    public JsonObject Submitted { get; init; } = [];
}
