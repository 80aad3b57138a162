using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>
/// A request to the trainer's hidden verb <c>inspect</c>: one JSON object per line on stdin, answered by one line on stdout.
/// The server obtains everything that only the trainer knows this way, so that methods and validation are implemented once.
/// </summary>
public sealed record InspectRequest
{
    /// <summary>Request id, repeated in the response.</summary>
    public long Id { get; init; }

    /// <summary>
    /// <c>methods</c>, <c>models</c>, <c>datasets</c>, <c>roots</c>, <c>validate</c>, <c>estimate</c>, <c>ranks</c>, <c>devices</c>,
    /// <c>tokenize</c>, <c>export</c>, <c>published</c>, <c>rows</c> or <c>upload</c>.
    /// </summary>
    [JsonPropertyName("ask")]
    public required string Kind { get; init; }

    /// <summary>Specification as submitted, for <c>validate</c>, <c>estimate</c> and <c>ranks</c>.</summary>
    public JsonNode? Spec { get; init; }

    /// <summary>Texts, for <c>tokenize</c>.</summary>
    public TokenizeRequest? Tokenize { get; init; }

    /// <summary>Adapter and folder, for <c>export</c>.</summary>
    public ExportRequest? Export { get; init; }

    /// <summary>Dataset and place, for <c>rows</c>.</summary>
    public DatasetRowsRequest? Rows { get; init; }

    /// <summary>Uploaded files and what to make of them, for <c>upload</c>.</summary>
    public UploadRequest? Upload { get; init; }
}

/// <summary>The response to an <see cref="InspectRequest"/>; exactly one member besides <see cref="Id"/> is set.</summary>
public sealed record InspectResponse
{
    /// <summary>Id of the request.</summary>
    public long Id { get; init; }

    /// <summary>Error in one sentence if the request failed.</summary>
    public string? Error { get; init; }

    /// <summary>Response to <c>methods</c>.</summary>
    public IReadOnlyList<MethodDescriptor>? Methods { get; init; }

    /// <summary>Response to <c>models</c>.</summary>
    public IReadOnlyList<ModelEntry>? Models { get; init; }

    /// <summary>Response to <c>datasets</c>.</summary>
    public IReadOnlyList<DatasetEntry>? Datasets { get; init; }

    /// <summary>Response to <c>validate</c>, and to <c>estimate</c> if the specification is invalid.</summary>
    public SpecValidation? Validation { get; init; }

    /// <summary>Response to <c>estimate</c>.</summary>
    public MemoryEstimate? Estimate { get; init; }

    /// <summary>
    /// Response to <c>ranks</c>: trainable parameters at the ranks 1, 2, 3 …; null at a rank that the method or the layers do not allow.
    /// </summary>
    public IReadOnlyList<long?>? ParametersByRank { get; init; }

    /// <summary>Response to <c>roots</c>: which configured roots have no entry and why, one sentence each.</summary>
    public IReadOnlyList<string>? EmptyRoots { get; init; }

    /// <summary>Response to <c>devices</c>.</summary>
    public IReadOnlyList<DeviceEntry>? Devices { get; init; }

    /// <summary>Response to <c>tokenize</c>.</summary>
    public TokenizeResult? Tokens { get; init; }

    /// <summary>Response to <c>export</c>: whether the adapter belongs to a changed base, and is written as it was trained.</summary>
    public bool? ChangedBase { get; init; }

    /// <summary>Response to <c>published</c>: names of the datasets that can be downloaded.</summary>
    public IReadOnlyList<string>? Published { get; init; }

    /// <summary>Response to <c>rows</c>.</summary>
    public DatasetRows? Rows { get; init; }

    /// <summary>Response to <c>upload</c>.</summary>
    public DatasetPreview? Upload { get; init; }

    /// <summary>Error in the request of <c>tokenize</c>, <c>rows</c> or <c>upload</c>.</summary>
    public FieldError? FieldError { get; init; }
}

/// <summary>A request to write the adapter of a run as it was trained.</summary>
/// <param name="Run">Id of the run.</param>
/// <param name="Folder">Folder to create.</param>
public sealed record ExportRequest(string Run, string Folder);

/// <summary>Result of validating a specification.</summary>
public sealed record SpecValidation
{
    /// <summary>Errors; empty: the run can be queued.</summary>
    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    /// <summary>Warnings that do not stop the run.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The specification with its defaults filled in; null if there are errors.</summary>
    public RunSpec? Spec { get; init; }

    /// <summary>Id of the task that the dataset is for.</summary>
    public string Task { get; init; } = "classification";

    /// <summary>Key of the run's primary metric; null: that of the task.</summary>
    public string? Metric { get; init; }

    /// <summary>Name generated from the method and its hyper-parameters, for a run without one.</summary>
    public string? SuggestedName { get; init; }

    /// <summary>Total optimizer steps; 0: unknown.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Trainable parameters by closed form; 0: unknown.</summary>
    public long TrainableParameters { get; init; }

    /// <summary>Number of training rows used.</summary>
    public int TrainRows { get; init; }

    /// <summary>Number of evaluation rows used.</summary>
    public int EvalRows { get; init; }

    /// <summary>Files of the model, the dataset and <c>initFrom</c> that were found, as they were before being read.</summary>
    public IReadOnlyList<FileSnapshot> Files { get; init; } = [];
}

/// <summary>An error in a specification.</summary>
/// <param name="Field">JSON name of the field, for example <c>rank</c> or <c>methodOptions.svd</c>.</param>
/// <param name="Message">The error and its remedy, in one sentence.</param>
public sealed record FieldError(string Field, string Message);

/// <summary>A device available to runs.</summary>
public sealed record DeviceEntry
{
    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the device, for example of the CPU.</summary>
    public required string Name { get; init; }

    /// <summary>Total memory, MiB.</summary>
    public double TotalMemoryMb { get; init; }

    /// <summary>Memory in use, MiB; null: unknown.</summary>
    public double? UsedMemoryMb { get; init; }

    /// <summary>Compute capability of a GPU, for example <c>7.5</c>.</summary>
    public string? ComputeCapability { get; init; }

    /// <summary>Recent GPU utilization in [0, 1]; null: unknown.</summary>
    public double? Utilization { get; init; }

    /// <summary>Temperature of the GPU, degrees Celsius; null: unknown.</summary>
    public double? TemperatureCelsius { get; init; }

    /// <summary>Power draw of the GPU, watts; null: unknown.</summary>
    public double? PowerWatts { get; init; }
}
