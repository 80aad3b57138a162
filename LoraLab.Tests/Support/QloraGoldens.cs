using System.Text.Json.Nodes;
using LoraLab.Training.Files.Safetensors;

namespace LoraLab.Tests.Support;

/// <summary>Models that bitsandbytes quantized, and what PEFT trained on them.</summary>
internal static class QloraGoldens
{
    /// <summary>Their names: with double quantization, but for the one that says <c>single</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["nf4-stories260K", "nf4-single-stories260K", "nf4-llama3", "nf4-qwen2"];

    /// <summary>The trajectory of a model.</summary>
    public static JsonObject Trajectory(string name) =>
        JsonNode.Parse(File.ReadAllText(Fixtures.Golden("qlora", name, "trajectory.json")))!.AsObject();

    /// <summary>Whether the block maxima of a model are quantized too.</summary>
    public static bool IsDouble(string name) => !name.Contains("single", StringComparison.Ordinal);

    /// <summary>Name of the model before it was quantized, for an engine that finds the fixtures.</summary>
    public static string PlainName(string name) =>
        name[(name.LastIndexOf('-') + 1)..] is var plain && plain == "stories260K" ? plain : $"{plain}/model";

    /// <summary>Folder of the model before it was quantized.</summary>
    public static string Plain(string name) => name[(name.LastIndexOf('-') + 1)..] switch
    {
        "stories260K" => Fixtures.Stories260K,
        string family => Fixtures.Golden("families", family, "model"),
    };

    /// <summary>Folder of the quantized model.</summary>
    public static string Quantized(string name) => Fixtures.Golden("qlora", name, "model-4bit");

    /// <summary>The weights of the quantized model.</summary>
    public static SafetensorsFile OpenQuantized(string name) =>
        SafetensorsFile.Open(Path.Combine(Quantized(name), "model.safetensors"), field: null);
}
