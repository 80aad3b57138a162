using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Models;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Families;

/// <summary>The tiny models of today's families, and what Transformers and PEFT compute on them.</summary>
internal static class GoldenFamilies
{
    /// <summary>Names of all folders.</summary>
    public static TheoryData<string> Names =>
    [
        "gemma3", "gemma3-v4-config", "llama-biases", "llama3", "llama3-v5-config", "mistral", "phi3", "phi3-longrope", "qwen2", "qwen3",
        "rope-dynamic", "rope-linear", "rope-yarn", "smollm2",
    ];

    /// <summary>The folder of a model.</summary>
    public static string Model(string name) => Fixtures.Golden("families", name, "model");

    /// <summary>A file beside the model.</summary>
    public static JsonObject Read(string name, string file) =>
        JsonNode.Parse(File.ReadAllText(Fixtures.Golden("families", name, file)))!.AsObject();

    /// <summary>The model in fp32 on the CPU.</summary>
    public static LlamaModel Load(string name, out LlamaConfig config)
    {
        config = LlamaConfig.Read(Model(name));
        return LlamaLoader.Load(Model(name), config, float32, CPU);
    }

    /// <summary>The ids in a JSON array.</summary>
    public static int[] Ids(JsonNode? array) => [.. array!.AsArray().Select(id => (int)id!)];
}
