using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>LoRA on a base as it is stored and in four bits: memory, time and accuracy.</summary>
internal sealed class FourBit : IStudyTemplate
{
    private static readonly (string Arm, BaseWeights Form)[] _forms =
    [
        ("lora", BaseWeights.AsStored),
        ("lora-nf4", BaseWeights.Nf4),
        ("lora-nf4-double", BaseWeights.Nf4Double),
    ];

    public string Id => "four-bit";

    public string Title => "Four-bit base";

    public string Description =>
        "LoRA on all linear layers of the base as it is stored, in NF4 and in NF4 with double quantization (QLoRA): what four bits save in "
        + "memory, and what they cost in time and accuracy.";

    public IReadOnlyList<(string Id, string Description)> Sizes =>
    [
        ("smoke", "One learning rate, two seeds, ten steps: takes minutes on two cores. Shows that everything works."),
        ("full", "Three learning rates on the selection split for each form, then five seeds at the best."),
    ];

    public StudyPlan Make(string size, ScaleProfile profile, IReadOnlyList<MethodDescriptor> methods) => size switch
    {
        "smoke" => Plan([1, 2], profile, 160, new JsonObject { ["evalEvery"] = 10, ["evalSamples"] = 200 }, 2e-4m),
        "full" => Plan([1, 2, 3, 4, 5], profile, 20_000, [], 1e-4m, 2e-4m, 4e-4m),
        _ => throw new ArgumentOutOfRangeException(nameof(size)),
    };

    private static StudyPlan Plan(long[] seeds, ScaleProfile profile, int samples, JsonObject changes, params decimal[] rates)
    {
        JsonObject protocol = BetterCallLora.Protocol(profile, samples, changes);
        protocol["targetModules"] = TargetModules.AllLinearWord;
        return new()
        {
            Seeds = seeds,
            Spec = protocol,
            Selection = StudySelection.SelectionSplit,
            Methods =
            [
                .. _forms.Select(form => new StudyMethod
                {
                    Method = "lora",
                    Arm = form.Arm == "lora" ? null : form.Arm,
                    Spec = new JsonObject { ["baseWeights"] = EnumWords.Of(form.Form) },
                    Grid = new Dictionary<string, IReadOnlyList<JsonNode>> { ["learningRate"] = profile.Rates(rates) },
                }),
            ],
        };
    }
}
