using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.SampleMaker.Experiments;

/// <summary>Run specifications of the demo, identical for every method except for the learning rate.</summary>
internal static class DemoSpec
{
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>Methods with their candidate learning rates, in the order of the demo.</summary>
    public static IReadOnlyList<(string Method, double[] Rates)> Grid { get; } =
    [
        ("lora", [1e-3, 2e-3, 4e-3]),
        ("lora-swapped", [2e-3, 4e-3, 8e-3]),
        ("lora-xs", [5e-3, 1e-2, 2e-2]),
        ("lora-plus", [5e-4, 1e-3, 2e-3]),
        ("pissa", [1e-3, 2e-3, 4e-3]),
    ];

    public static JsonObject For(string method, double rate) => new()
    {
        ["name"] = $"sample {method}",
        ["tags"] = new JsonArray("demo"),
        ["model"] = "sample",
        ["dataset"] = "sample",
        ["method"] = method,
        ["rank"] = 16,
        ["alpha"] = 32,
        ["targetModules"] = "all-linear",
        ["learningRate"] = rate,
        ["epochs"] = 3,
        ["trainSamples"] = 4000,
        ["lossScope"] = "completion",
        ["evalEvery"] = 50,
    };

    public static string GetPath(string samples, string method)
    {
        int number = Grid.Select(entry => entry.Method).ToList().IndexOf(method) + 1;
        return Path.Combine(samples, "runs", $"{number}-{method}.json");
    }

    public static void Write(string path, JsonObject spec)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, spec.ToJsonString(_indented) + "\n");
    }
}
