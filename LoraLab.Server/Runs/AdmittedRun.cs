using System.Text.Json.Nodes;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Runs;

/// <summary>A validated specification that can be queued.</summary>
/// <param name="Submitted">The specification as submitted.</param>
/// <param name="Valid">Result of the validation.</param>
/// <param name="MethodColor">Color of its method.</param>
internal sealed record AdmittedRun(JsonObject Submitted, SpecValidation Valid, string MethodColor)
{
    /// <summary>The run's id; generated when it is queued.</summary>
    public string Id { get; init; } = "";

    public string? ClonedFrom { get; init; }

    /// <summary>Name of the key with which it was submitted; null: the server submits it.</summary>
    public string? SubmittedBy { get; init; }

    /// <summary>The experiment that the run belongs to, with its key there; null: none.</summary>
    public (ExperimentKind Kind, string Id, string Key)? Experiment { get; init; }
}
