using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Methods;

/// <summary>A LoRA method and its options. The form, validation, JSON schema and documentation are derived from it.</summary>
public sealed record MethodDescriptor
{
    /// <summary>Id in a specification, for example <c>lora-xs</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Display name, for example <c>LoRA-XS</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Description in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Formula of the weight update, for example <c>ΔW = s·B·A</c>.</summary>
    public required string Formula { get; init; }

    /// <summary>Trained factors, for example <c>A and B</c>.</summary>
    public required string Trains { get; init; }

    /// <summary>Initial adapter in a few words, for example <c>A random, B zero</c>.</summary>
    public required string Start { get; init; }

    /// <summary>Forward pass and factors with their shapes, one per line; x is a row of inputs, W is [out, in].</summary>
    public IReadOnlyList<string> Shapes { get; init; } = [];

    /// <summary>Initial distribution or formula of each factor, one per line.</summary>
    [JsonPropertyName("initialisation")]
    public IReadOnlyList<string> Initialization { get; init; } = [];

    /// <summary>Formula for the trainable parameters of a layer in r, in and out.</summary>
    public string Parameters { get; init; } = "r·(in + out)";

    /// <summary>How the adapter is exported so that it applies to the original base weights.</summary>
    public string Export { get; init; } = "A and B as they are, rank r.";

    /// <summary>Whether all weights of the model are trained, so that the result is a model and not an adapter.</summary>
    public bool TrainsWeights { get; init; }

    /// <summary>Whether it takes factors from the base weights, so that its adapters can be exported as they were trained too.</summary>
    public bool ChangesBase { get; init; }

    /// <summary>Deviations from the paper "Better Call LoRA" with their reasons.</summary>
    [JsonPropertyName("departures")]
    public IReadOnlyList<PaperDeviation> Deviations { get; init; } = [];

    /// <summary>Source publication.</summary>
    public required string Source { get; init; }

    /// <summary>Fixed color of the method in charts, <c>#rrggbb</c>.</summary>
    public required string Color { get; init; }

    /// <summary>Learning rate if the specification has none.</summary>
    public required double DefaultLearningRate { get; init; }

    /// <summary>True if B has its own learning rate.</summary>
    public bool HasLearningRateB { get; init; }

    /// <summary>True if <c>initFrom</c> is allowed.</summary>
    public bool AllowsInitFrom { get; init; }

    /// <summary>Fields of the specification that mean nothing to the method; only their default is accepted.</summary>
    public IReadOnlyList<string> UnusedFields { get; init; } = [];

    /// <summary>Names under which the method with certain settings is known.</summary>
    public IReadOnlyList<MethodPreset> Presets { get; init; } = [];

    /// <summary>Options in the order of the form.</summary>
    public IReadOnlyList<MethodOption> Options { get; init; } = [];

    /// <summary>JSON Schema of <c>methodOptions</c>.</summary>
    public JsonObject OptionsSchema { get; init; } = [];

    /// <summary>Default values of the options.</summary>
    public JsonObject Defaults { get; init; } = [];

    /// <summary>Whether a field of the specification means something to the method.</summary>
    public bool Uses(string field) => !UnusedFields.Contains(field);
}

/// <summary>
/// A method under the name of a publication that differs from another only in settings; a run is stored as the method with these settings.
/// </summary>
/// <param name="Id">Name in a specification, for example <c>rslora</c>.</param>
/// <param name="Name">Display name.</param>
/// <param name="Sets">Fields of the specification that it sets.</param>
/// <param name="Source">Source publication.</param>
public sealed record MethodPreset(string Id, string Name, JsonObject Sets, string Source);

/// <summary>A deviation from a paper.</summary>
/// <param name="Paper">The paper's version.</param>
/// <param name="Implementation">The version implemented here.</param>
/// <param name="Reason">Evidence or reason for the deviation.</param>
public sealed record PaperDeviation(
    string Paper, [property: JsonPropertyName("here")] string Implementation, [property: JsonPropertyName("why")] string Reason);

/// <summary>An option of a method.</summary>
public sealed record MethodOption
{
    /// <summary>Key in <c>methodOptions</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>choice</c>, <c>number</c>, <c>integer</c>, <c>boolean</c> or <c>list</c> (of names).</summary>
    public required string Type { get; init; }

    /// <summary>Name in forms, for example <c>Initialization</c>.</summary>
    public required string Label { get; init; }

    /// <summary>Help text in one sentence.</summary>
    public required string Help { get; init; }

    /// <summary>Default value.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>Allowed values of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Minimum of a number.</summary>
    public double? Minimum { get; init; }

    /// <summary>Maximum of a number.</summary>
    public double? Maximum { get; init; }
}
