using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>A run as stored: the public document and the server's own fields.</summary>
internal sealed record StoredRun
{
    public required RunDocument Document { get; init; }

    /// <summary>Position among queued runs of the same priority, lower first.</summary>
    public long Position { get; init; }

    /// <summary>Key of the run within its study or sweep; null: it belongs to none.</summary>
    [JsonPropertyName("planKey")]
    public string? ExperimentKey { get; init; }

    /// <summary>Model, dataset and adapter files at the time of submission.</summary>
    public IReadOnlyList<FileSnapshot> Files { get; init; } = [];

    /// <summary>The specification as it was submitted; clones start from it.</summary>
    public JsonObject Submitted { get; init; } = [];
}
