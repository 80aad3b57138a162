using System.Text.Json.Nodes;

namespace LoraLab.Tests.Support;

/// <summary>The trajectories made by PEFT: PEFT's names and values as those of a specification.</summary>
internal static class PeftGoldens
{
    /// <summary>
    /// PEFT's arguments: what each sets in the specification. Names with a point are options of the method. An argument that is not listed
    /// fails the test, so that no setting of a reference is ignored.
    /// </summary>
    private static readonly Dictionary<string, Action<JsonObject, JsonNode?>> _arguments = new(StringComparer.Ordinal)
    {
        ["r"] = As("rank"),
        ["lora_alpha"] = As("alpha"),
        ["target_modules"] = As("targetModules"),
        ["use_rslora"] = As("rankStabilized"),
        ["rank_pattern"] = As("rankPattern"),
        ["alpha_pattern"] = As("alphaPattern"),
        ["layers_to_transform"] = As("layersToTransform"),
        // The method follows from the name of the reference.
        ["init_lora_weights"] = (_, _) => { },
    };

    /// <summary>Options of the methods that follow from no argument of PEFT.</summary>
    private static readonly Dictionary<string, JsonObject> _options = new(StringComparer.Ordinal)
    {
        ["pissa"] = new() { ["svd"] = "full" },
    };

    /// <summary>The trajectory of a reference.</summary>
    public static (JsonObject Golden, string Folder) Load(string name)
    {
        string folder = Fixtures.Golden(Path.Combine("peft", name));
        return (JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "trajectory.json")))!.AsObject(), folder);
    }

    /// <summary>The specification of a reference; <see cref="GoldenRuns.RunSmall"/> adds the rows.</summary>
    /// <param name="golden">Its trajectory.</param>
    /// <param name="folder">Its adapter, to start from; null: the method's own start.</param>
    public static JsonObject Spec(JsonObject golden, string? folder)
    {
        string method = (string)golden["method"]!;
        JsonObject spec = new()
        {
            ["model"] = "stories260K",
            ["method"] = method,
            ["learningRate"] = (double)golden["learningRate"]!,
            ["learningRateB"] = (double?)golden["learningRateB"],
            ["trainSamples"] = (int)golden["steps"]! * (int)golden["effectiveBatch"]!,
            ["effectiveBatch"] = (int)golden["effectiveBatch"]!,
            ["lossWeighting"] = (string)golden["lossWeighting"]!,
            ["lossScope"] = (string)golden["lossScope"]!,
            ["schedule"] = (string)golden["schedule"]!,
            ["warmupSteps"] = (int)golden["warmup"]!,
            ["weightDecay"] = (double)golden["weightDecay"]!,
            ["maxGradNorm"] = (double)golden["clip"]!,
            ["evalEvery"] = 1000,
            ["evalSamples"] = 64,
            ["precision"] = "fp32",
            ["initFrom"] = folder,
            ["methodOptions"] = _options.TryGetValue(method, out JsonObject? options) ? options.DeepClone() : new JsonObject(),
        };
        foreach ((string argument, JsonNode? value) in golden["peft"]!.AsObject())
        {
            _arguments[argument](spec, value);
        }

        return spec;
    }

    private static Action<JsonObject, JsonNode?> As(string field) => (spec, value) => spec[field] = value?.DeepClone();
}
