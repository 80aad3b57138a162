using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>
/// A question to the trainer's hidden verb <c>inspect</c>: one JSON object a line on stdin, answered by one line on stdout.
/// The server asks it for everything that only the trainer knows, so that methods and validation exist once.
/// </summary>
public sealed record InspectRequest
{
    /// <summary>Repeated in the answer.</summary>
    public long Id { get; init; }

    /// <summary><c>methods</c>, <c>models</c>, <c>datasets</c>, <c>validate</c>, <c>estimate</c> or <c>devices</c>.</summary>
    [JsonPropertyName("ask")]
    public required string Kind { get; init; }

    /// <summary>Specification as it was sent, for <c>validate</c> and <c>estimate</c>.</summary>
    public JsonNode? Spec { get; init; }
}

/// <summary>The answer to an <see cref="InspectRequest"/>; one of the members besides <see cref="Id"/> is set.</summary>
public sealed record InspectResponse
{
    /// <summary>Of the request.</summary>
    public long Id { get; init; }

    /// <summary>One sentence when the question could not be answered.</summary>
    public string? Error { get; init; }

    /// <summary>Answer to <c>methods</c>.</summary>
    public IReadOnlyList<MethodDescriptor>? Methods { get; init; }

    /// <summary>Answer to <c>models</c>.</summary>
    public IReadOnlyList<ModelEntry>? Models { get; init; }

    /// <summary>Answer to <c>datasets</c>.</summary>
    public IReadOnlyList<DatasetEntry>? Datasets { get; init; }

    /// <summary>Answer to <c>validate</c>; to <c>estimate</c> where the specification is not valid.</summary>
    public SpecValidation? Validation { get; init; }

    /// <summary>Answer to <c>estimate</c>.</summary>
    public MemoryEstimate? Estimate { get; init; }

    /// <summary>Answer to <c>devices</c>.</summary>
    public IReadOnlyList<DeviceEntry>? Devices { get; init; }
}

/// <summary>What can be said of a specification before a worker starts.</summary>
public sealed record SpecValidation
{
    /// <summary>Errors by field; empty when the run can be queued.</summary>
    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    /// <summary>Things worth knowing that do not stop the run.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The specification with defaults filled in; null when there are errors.</summary>
    public RunSpec? Spec { get; init; }

    /// <summary>Name made from the treatment, for a run without one.</summary>
    public string? SuggestedName { get; init; }

    /// <summary>Optimizer steps in all; 0 when unknown.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Trainable parameters by the closed form; 0 when unknown.</summary>
    public long TrainableParameters { get; init; }

    /// <summary>Training rows that will be used.</summary>
    public int TrainRows { get; init; }

    /// <summary>Evaluation rows that will be used.</summary>
    public int EvalRows { get; init; }

    /// <summary>The files of model, data set and <c>initFrom</c>, as they were before they were read; those that could be found.</summary>
    public IReadOnlyList<FileSnapshot> Files { get; init; } = [];
}

/// <summary>One thing that is wrong with a specification.</summary>
/// <param name="Field">JSON name of the field, for example <c>rank</c> or <c>methodOptions.svd</c>.</param>
/// <param name="Message">One sentence that says what to do.</param>
public sealed record FieldError(string Field, string Message);

/// <summary>A device that runs can use.</summary>
public sealed record DeviceEntry
{
    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Name, for example the processor's.</summary>
    public required string Name { get; init; }

    /// <summary>Memory in all, MiB.</summary>
    public double TotalMemoryMb { get; init; }

    /// <summary>Memory in use, MiB; null when unknown.</summary>
    public double? UsedMemoryMb { get; init; }

    /// <summary>Compute capability of a GPU, for example <c>7.5</c>.</summary>
    public string? ComputeCapability { get; init; }

    /// <summary>Share of the last moment in which the GPU worked, in [0, 1]; null when unknown.</summary>
    public double? Utilization { get; init; }

    /// <summary>Temperature of the GPU, degrees Celsius; null when unknown.</summary>
    public double? TemperatureCelsius { get; init; }

    /// <summary>Power drawn by the GPU, watts; null when unknown.</summary>
    public double? PowerWatts { get; init; }
}
