using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>The experiments of "Better Call LoRA" (Trifan and Popa), including those that the paper leaves as future work.</summary>
internal sealed class BetterCallLora : IStudyTemplate
{
    private const string Rate = "learningRate";
    private const string RateB = "learningRateB";

    /// <summary>
    /// Five learning rates per method, a factor of two apart around the method's default. LoRA+ keeps the paper's ratio ηB/ηA of 4, so
    /// that all methods have the same tuning budget.
    /// </summary>
    private static readonly (string Method, decimal[] Rates)[] _full =
    [
        ("lora", [5e-5m, 1e-4m, 2e-4m, 4e-4m, 8e-4m]),
        ("lora-swapped", [5e-5m, 1e-4m, 2e-4m, 4e-4m, 8e-4m]),
        ("lora-xs", [5e-4m, 1e-3m, 2e-3m, 4e-3m, 8e-3m]),
        ("lora-plus", [2.5e-5m, 5e-5m, 1e-4m, 2e-4m, 4e-4m]),
        ("pissa", [1.25e-5m, 2.5e-5m, 5e-5m, 1e-4m, 2e-4m]),
    ];

    public string Id => "better-call-lora";

    public string Title => "Better Call LoRA";

    public string Description =>
        "LoRA, swapped initialization, LoRA-XS, LoRA+ and PiSSA under one protocol: the paper's comparison, with its tables and figures.";

    public IReadOnlyList<(string Id, string Description)> Sizes =>
    [
        ("smoke", "Five methods, two learning rates each, two seeds, 20 steps: takes minutes on two cores. "
            + "Shows that everything works, not which method is better."),
        (
            "figure-1",
            "The nine LoRA+ runs of the paper's Figure 1: a 3×3 grid of ηA and ηB, the first 200 of 1,250 steps, without selection."),
        ("full", "Five methods, five learning rates each on the selection split, then five seeds at each method's best: 50 runs, "
            + "plus up to 5 if grids are extended."),
    ];

    public StudyPlan Make(string size, ScaleProfile profile, IReadOnlyList<MethodDescriptor> methods) => size switch
    {
        "smoke" => new StudyPlan
        {
            Seeds = [1, 2],
            Spec = Protocol(profile, 320, new JsonObject { ["evalEvery"] = 10, ["evalSamples"] = 200 }),
            Selection = StudySelection.SelectionSplit,
            Methods = [.. _full.Select(arm => Arm(arm.Method, profile.Rates(arm.Rates[2..4])))],
        },
        "figure-1" => new StudyPlan
        {
            Seeds = [42],
            Spec = Protocol(profile, 20_000, new JsonObject { ["maxSteps"] = 200, ["scheduleSteps"] = 1250 }),
            Selection = StudySelection.None,
            Methods = [new StudyMethod
            {
                Method = "lora-plus",
                Grid = new Dictionary<string, IReadOnlyList<JsonNode>>
                {
                    [Rate] = profile.Rates(1e-5m, 5e-5m, 1e-4m),
                    [RateB] = profile.Rates(1e-4m, 2e-4m, 4e-4m),
                },
            }],
        },
        "full" => new StudyPlan
        {
            Seeds = [1, 2, 3, 4, 5],
            Spec = Protocol(profile, 20_000, []),
            Selection = StudySelection.SelectionSplit,
            Methods = [.. _full.Select(arm => Arm(arm.Method, profile.Rates(arm.Rates)))],
        },
        _ => throw new ArgumentOutOfRangeException(nameof(size)),
    };

    private static StudyMethod Arm(string method, IReadOnlyList<JsonNode> rates) =>
        new() { Method = method, Grid = new Dictionary<string, IReadOnlyList<JsonNode>> { [Rate] = rates } };

    /// <summary>All values of the paper's protocol, including those that are defaults.</summary>
    internal static JsonObject Protocol(ScaleProfile profile, int trainSamples, JsonObject size)
    {
        JsonObject spec = new()
        {
            ["rank"] = profile.Rank,
            ["alpha"] = profile.Alpha,
            ["dropout"] = 0,
            ["targetModules"] = new JsonArray("q_proj", "v_proj"),
            ["schedule"] = "linear",
            ["warmupSteps"] = 0,
            ["weightDecay"] = 0,
            ["maxGradNorm"] = 1,
            ["epochs"] = 1,
            ["trainSamples"] = trainSamples,
            ["dataSeed"] = 42,
            ["effectiveBatch"] = 16,
            ["prompt"] = "paper-literal",
            ["lossScope"] = "full",
            ["lossWeighting"] = "perExampleMean",
            ["evalEvery"] = 50,
        };
        foreach ((string field, JsonNode? value) in size)
        {
            spec[field] = value?.DeepClone();
        }

        return spec;
    }
}
