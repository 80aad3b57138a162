using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.SampleMaker.Small;

/// <summary>A small bundled dataset and its sample run.</summary>
/// <param name="Name">Name of the dataset and of its folder.</param>
/// <param name="Manifest">Its <c>dataset.json</c>.</param>
/// <param name="Run">Settings of the sample run, which the manifest has too.</param>
/// <param name="Files">Text of its other files by name.</param>
internal sealed record SmallDataset(string Name, JsonObject Manifest, JsonObject Run, IReadOnlyDictionary<string, string> Files)
{
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>Text of <c>dataset.json</c>.</summary>
    public string ManifestText
    {
        get
        {
            JsonObject manifest = Manifest.DeepClone().AsObject();
            manifest["run"] = Run.DeepClone();
            manifest["toy"] = true;
            return manifest.ToJsonString(_indented) + "\n";
        }
    }

    /// <summary>Text of the specification of the sample run.</summary>
    public string SpecText
    {
        get
        {
            JsonObject spec = new() { ["name"] = Name.Replace('-', ' '), ["dataset"] = Name };
            foreach ((string setting, JsonNode? value) in Run)
            {
                spec[setting] = value?.DeepClone();
            }

            return spec.ToJsonString(_indented) + "\n";
        }
    }

    /// <summary>All small datasets, generated from a seed.</summary>
    public static IReadOnlyList<SmallDataset> All(ulong seed) =>
        [TopicData.Generate(seed), PairData.Generate(seed), InstructionData.Generate(seed)];

    /// <summary>Settings that the sample runs have in common.</summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="epochs">Number of epochs.</param>
    public static JsonObject RunOf(double rate, int epochs) => new()
    {
        ["model"] = "sample",
        ["method"] = "lora",
        ["rank"] = 16,
        ["alpha"] = 32,
        ["targetModules"] = "all-linear",
        ["learningRate"] = rate,
        ["epochs"] = epochs,
        ["lossScope"] = "completion",
    };

    /// <summary>Writes the dataset and its specification.</summary>
    public void Write(string samples)
    {
        string folder = Directory.CreateDirectory(Path.Combine(samples, "datasets", Name)).FullName;
        File.WriteAllText(Path.Combine(folder, "dataset.json"), ManifestText);
        foreach ((string file, string text) in Files)
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }

        File.WriteAllText(SpecPath(samples, Name), SpecText);
    }

    /// <summary>Path of the specification of a sample run.</summary>
    public static string SpecPath(string samples, string name) => Path.Combine(samples, "extra", $"{name}.json");
}
