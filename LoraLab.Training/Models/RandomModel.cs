using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Files;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// Model folders with random weights, with the memory, time and arithmetic of real ones when the real weights are not available.
/// Weights are N(0, 0.02²), the initialization of Llama's pretraining; norm gains are 1.
/// </summary>
public static class RandomModel
{
    private const double Deviation = 0.02;
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>, one tensor at a time.</summary>
    /// <param name="folder">Folder to create; it must not contain a model.</param>
    /// <param name="configJson">Contents of <c>config.json</c>.</param>
    /// <param name="layers">Number of blocks; null: that of the configuration.</param>
    /// <param name="dtype">float32 or bfloat16.</param>
    /// <param name="seed">Seed of the weights; each tensor has its own random stream, seeded by its name.</param>
    /// <returns>The configuration as written.</returns>
    /// <exception cref="RunFailure">The configuration is not that of a Llama model, or the folder already contains a model.</exception>
    public static LlamaConfig Write(string folder, JsonObject configJson, int? layers, ScalarType dtype, long seed)
    {
        string configFile = Path.Combine(folder, LlamaConfig.FileName);
        string weightsFile = Path.Combine(folder, CheckpointWeights.SingleFile);
        if (File.Exists(configFile) || File.Exists(weightsFile))
        {
            throw RunFailure.BadData($"{folder} already contains a model; choose another folder with --out.");
        }

        JsonObject written = configJson.DeepClone().AsObject();
        written["num_hidden_layers"] = layers ?? written["num_hidden_layers"]?.DeepClone();
        written["torch_dtype"] = dtype == ScalarType.BFloat16 ? "bfloat16" : "float32";
        Directory.CreateDirectory(folder);

        // Written after the weights: a folder without config.json is not a model, so an unfinished one cannot be used.
        string unfinished = TemporaryName.Beside(configFile);
        try
        {
            File.WriteAllText(unfinished, written.ToJsonString(_indented) + "\n");
            LlamaConfig config = LlamaConfig.ReadFile(unfinished);
            SafetensorsWriter.Write(
                weightsFile,
                CheckpointShapes.Of(config).Select(weight => RandomTensor(weight.Name, weight.Shape, dtype, seed)),
                new Dictionary<string, string> { ["format"] = "pt" });
            File.Move(unfinished, configFile);
            return config;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static DeferredTensor RandomTensor(string name, long[] shape, ScalarType dtype, long seed) => new(
        name,
        dtype,
        shape,
        () => shape is [long rows, long columns]
            ? Initializers.Gaussian(name, seed, rows, columns, Deviation, CPU).to(dtype)
            : ones(shape, dtype));
}
