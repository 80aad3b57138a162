using System.Text.Json.Nodes;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Runs;

/// <summary>A specification that was checked and can be queued.</summary>
/// <param name="Submitted">As it was sent.</param>
/// <param name="Valid">What the check said.</param>
/// <param name="MethodColor">Colour of its method.</param>
internal sealed record AdmittedRun(JsonObject Submitted, SpecValidation Valid, string MethodColor)
{
    /// <summary>The id that it gets; drawn when it is put into the queue.</summary>
    public string Id { get; init; } = "";

    public string? ClonedFrom { get; init; }

    /// <summary>What it belongs to; null: nothing.</summary>
    public (ExperimentKind Kind, string Id, string Key)? Plan { get; init; }
}
