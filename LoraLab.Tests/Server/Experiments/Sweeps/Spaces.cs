using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Search spaces of tests.</summary>
internal static class Spaces
{
    internal static readonly IReadOnlyList<MethodDescriptor> Methods =
    [
        Method("lora", 2e-4, Initialization("kaiming", "gaussian")),
        Method(
            "lora-plus",
            1e-4,
            Initialization("kaiming", "swapped"),
            new MethodOption { Name = "lrRatio", Label = "Ratio", Type = "number", Help = "", Default = 4 }),
    ];

    internal static SweepField Choice(string field, params JsonNode?[] values) => new() { Field = field, Values = values };

    internal static SweepField Log(string field, double low, double high, int? steps = null) =>
        new() { Field = field, Range = SweepRange.LogUniform, Low = low, High = high, Steps = steps };

    internal static SweepField Linear(string field, double low, double high, int? steps = null) =>
        new() { Field = field, Range = SweepRange.Uniform, Low = low, High = high, Steps = steps };

    internal static SweepField Whole(string field, double low, double high, int? steps = null) =>
        new() { Field = field, Range = SweepRange.Integer, Low = low, High = high, Steps = steps };

    /// <summary>The search space of a valid plan.</summary>
    internal static SearchSpace Of(SweepPlan plan)
    {
        List<FieldError> errors = [];
        return SearchSpaceReader.Read(plan, Methods, errors)
            ?? throw new InvalidOperationException(string.Join(" ", errors.Select(error => error.Message)));
    }

    internal static SearchSpace Of(params SweepField[] fields) => Of(new SweepPlan { Sampler = SweepSampler.Random, Space = fields });

    /// <summary>The errors of a plan.</summary>
    internal static IReadOnlyList<FieldError> Errors(SweepPlan plan)
    {
        List<FieldError> errors = [];
        return SearchSpaceReader.Read(plan, Methods, errors) is null ? errors : [];
    }

    private static MethodOption Initialization(params string[] choices) =>
        new() { Name = "init", Label = "Initialization", Type = "choice", Help = "", Choices = choices, Default = choices[0] };

    private static MethodDescriptor Method(string id, double rate, params MethodOption[] options) => new()
    {
        Id = id,
        Name = id,
        Summary = "",
        Formula = "",
        Trains = "",
        Start = "",
        Source = "",
        Color = "#000000",
        DefaultLearningRate = rate,
        Options = options,
    };
}
