using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// A model folder with random weights: it has a real one's memory, time and arithmetic where the real weights are not at hand, and
/// knows nothing. Weights are N(0, 0.02²), as Llama models start their training; gains of norms are 1.
/// </summary>
public static class RandomModel
{
    private const double Deviation = 0.02;
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>, one tensor at a time.</summary>
    /// <param name="folder">Folder to make; it must not hold a model.</param>
    /// <param name="configJson">A <c>config.json</c>.</param>
    /// <param name="layers">Number of blocks; null: the configuration's.</param>
    /// <param name="dtype">float32 or bfloat16.</param>
    /// <param name="seed">Seed of the weights; each tensor has a stream of its own, named after it.</param>
    /// <returns>The shape that was written.</returns>
    /// <exception cref="RunFailure">The configuration is not a Llama's, or the folder holds a model already.</exception>
    public static LlamaConfig Write(string folder, JsonObject configJson, int? layers, ScalarType dtype, long seed)
    {
        string configFile = Path.Combine(folder, LlamaConfig.FileName);
        string weightsFile = Path.Combine(folder, CheckpointWeights.SingleFile);
        if (File.Exists(configFile) || File.Exists(weightsFile))
        {
            throw RunFailure.BadData($"{folder} already holds a model: name another folder with --out.");
        }

        JsonObject written = configJson.DeepClone().AsObject();
        written["num_hidden_layers"] = layers ?? written["num_hidden_layers"]?.DeepClone();
        written["torch_dtype"] = dtype == ScalarType.BFloat16 ? "bfloat16" : "float32";
        Directory.CreateDirectory(folder);

        // Behind the weights: a folder without config.json is no model, so that an unfinished one cannot be used.
        string unfinished = configFile + ".tmp";
        try
        {
            File.WriteAllText(unfinished, written.ToJsonString(_indented) + "\n");
            LlamaConfig config = LlamaConfig.ReadFile(unfinished);
            SafetensorsWriter.Write(weightsFile, CheckpointShapes.Of(config).Select(weight => Plan(weight.Name, weight.Shape, dtype, seed)), new Dictionary<string, string> { ["format"] = "pt" });
            File.Move(unfinished, configFile);
            return config;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static DeferredTensor Plan(string name, long[] shape, ScalarType dtype, long seed) => new(
        name,
        dtype,
        shape,
        () => shape is [long rows, long columns] ? Initializers.Gaussian(name, seed, rows, columns, Deviation, CPU).to(dtype) : ones(shape, dtype));
}
