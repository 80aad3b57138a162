using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>Every registered method at equal trainable parameters and at equal rank.</summary>
internal sealed class Methods2026 : IStudyTemplate
{
    public string Id => "methods-2026";

    public string Title => "Methods 2026";

    public string Description =>
        "Every method at equal trainable parameters, each with the rank that comes nearest the budget, and at equal rank: parameters, "
        + "memory, time and the primary metric, with the differences that are real.";

    public IReadOnlyList<(string Id, string Description)> Sizes =>
    [
        ("smoke", "Two learning rates per method, five seeds, ten steps: takes minutes on two cores. "
            + "Shows that everything works, not which method is better."),
        ("full", "Five learning rates per method on the selection split, then five seeds at each method's best."),
    ];

    public bool IsFairComparison => true;

    public StudyPlan Make(string size, ScaleProfile profile, IReadOnlyList<MethodDescriptor> methods) => size switch
    {
        "smoke" => Plan(
            BetterCallLora.Protocol(profile, 160, new JsonObject { ["evalEvery"] = 10, ["evalSamples"] = 200 }), profile, methods, 1, 2),
        "full" => Plan(BetterCallLora.Protocol(profile, 20_000, []), profile, methods, 0.25m, 0.5m, 1, 2, 4),
        _ => throw new ArgumentOutOfRangeException(nameof(size)),
    };

    /// <summary>A plan whose grids are multiples of each method's default learning rate.</summary>
    private static StudyPlan Plan(
        JsonObject protocol, ScaleProfile profile, IReadOnlyList<MethodDescriptor> methods, params decimal[] factors) => new()
        {
            Seeds = [1, 2, 3, 4, 5],
            Spec = protocol,
            Selection = StudySelection.SelectionSplit,
            Methods =
            [
                .. methods.Select(method => new StudyMethod
                {
                    Method = method.Id,
                    Grid = new Dictionary<string, IReadOnlyList<JsonNode>>
                    {
                        ["learningRate"] = profile.Rates([.. factors.Select(factor => factor * (decimal)method.DefaultLearningRate)]),
                    },
                }),
            ],
        };
}
