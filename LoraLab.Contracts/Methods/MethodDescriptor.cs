using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Methods;

/// <summary>What a LoRA method is and takes: the form, the validation, the schema and the docs follow from it.</summary>
public sealed record MethodDescriptor
{
    /// <summary>Id in a specification, for example <c>lora-xs</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Display name, for example <c>LoRA-XS</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The update in a formula, for example <c>ΔW = s·B·A</c>.</summary>
    public required string Formula { get; init; }

    /// <summary>What is trained, in words, for example <c>A and B</c>.</summary>
    public required string Trains { get; init; }

    /// <summary>How the adapter starts, for example <c>A random, B zero</c>.</summary>
    public required string Start { get; init; }

    /// <summary>The forward pass and the factors with their shapes, a line each; x is a row of inputs, W is [out, in].</summary>
    public IReadOnlyList<string> Shapes { get; init; } = [];

    /// <summary>Distribution or formula of each factor at the start, a line each.</summary>
    [JsonPropertyName("initialisation")]
    public IReadOnlyList<string> Initialization { get; init; } = [];

    /// <summary>Trainable parameters of one layer, as a formula of r, in and out.</summary>
    public string Parameters { get; init; } = "r·(in + out)";

    /// <summary>How the adapter is saved so that it works on the original base.</summary>
    public string Export { get; init; } = "A and B as they are, rank r.";

    /// <summary>Where the implementation departs from the paper "Better Call LoRA", and why.</summary>
    [JsonPropertyName("departures")]
    public IReadOnlyList<PaperDeviation> Deviations { get; init; } = [];

    /// <summary>Publication it comes from.</summary>
    public required string Source { get; init; }

    /// <summary>Fixed colour of the method in charts, <c>#rrggbb</c>.</summary>
    public required string Color { get; init; }

    /// <summary>Learning rate when the specification gives none.</summary>
    public required double DefaultLearningRate { get; init; }

    /// <summary>True where B has a learning rate of its own.</summary>
    public bool HasLearningRateB { get; init; }

    /// <summary>True where <c>initFrom</c> is allowed.</summary>
    public bool AllowsInitFrom { get; init; }

    /// <summary>Options with type, choices, default, range and help, in the form's order.</summary>
    public IReadOnlyList<MethodOption> Options { get; init; } = [];

    /// <summary>JSON Schema of <c>methodOptions</c>.</summary>
    public JsonObject OptionsSchema { get; init; } = [];

    /// <summary>The options' default values.</summary>
    public JsonObject Defaults { get; init; } = [];
}

/// <summary>A difference between the paper's text and what is computed.</summary>
/// <param name="Paper">What the paper says.</param>
/// <param name="Implementation">What is computed.</param>
/// <param name="Reason">The evidence or reason.</param>
public sealed record PaperDeviation(string Paper, [property: JsonPropertyName("here")] string Implementation, [property: JsonPropertyName("why")] string Reason);

/// <summary>One option of a method.</summary>
public sealed record MethodOption
{
    /// <summary>Key in <c>methodOptions</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>choice</c>, <c>number</c>, <c>integer</c> or <c>boolean</c>.</summary>
    public required string Type { get; init; }

    /// <summary>One sentence.</summary>
    public required string Help { get; init; }

    /// <summary>Default value.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>Allowed words of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Smallest value of a number.</summary>
    public double? Minimum { get; init; }

    /// <summary>Largest value of a number.</summary>
    public double? Maximum { get; init; }
}
