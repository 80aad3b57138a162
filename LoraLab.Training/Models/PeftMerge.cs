using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// Writes a checkpoint with a merged adapter: W + s·B·A, computed in fp32 and rounded once to the base's precision. Files, names,
/// shapes and dtypes are those of the base, so that whatever reads the base reads the result. The base is not modified.
/// </summary>
public static class PeftMerge
{
    private const string Field = "adapter";

    /// <summary>Merges file by file, so that one weight file of the base is in memory at a time.</summary>
    /// <param name="modelFolder">Base in Hugging Face format.</param>
    /// <param name="adapterFolder">Adapter in PEFT format; it must be for the original base.</param>
    /// <param name="output">Folder to create; it must not exist. It appears once it is complete.</param>
    /// <returns>Number of changed weights.</returns>
    /// <exception cref="RunFailure">
    /// Names or shapes of the adapter do not match the base, a value is not finite, or the output folder exists.
    /// </exception>
    public static int Write(string modelFolder, string adapterFolder, string output)
    {
        if (Path.Exists(output))
        {
            throw RunFailure.BadData($"{output} already exists; choose another folder with --out.", "out");
        }

        PeftConfig config = PeftImport.ReadConfig(adapterFolder);
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        using SafetensorsFile adapter = SafetensorsFile.Open(Path.Combine(adapterFolder, PeftFiles.Weights), Field);
        IReadOnlyList<string> modules = Modules(adapter, weights, config.Rank);
        using NewFolder unfinished = new(output);
        foreach (string file in weights.Files)
        {
            WriteFile(file, Path.Combine(unfinished.Path, Path.GetFileName(file)), modules, adapter, config.Scaling);
        }

        ModelFiles.CopyKept(modelFolder, unfinished.Path, path => path != PeftFiles.Metadata);
        if (weights.Index is string index)
        {
            File.Copy(index, Path.Combine(unfinished.Path, Path.GetFileName(index)));
        }

        DurableFile.WriteAllText(
            Path.Combine(unfinished.Path, PeftFiles.Metadata),
            Metadata(weights, adapter, config).ToJsonString(ContractJson.Indented) + "\n");
        unfinished.Publish();
        return modules.Count;
    }

    /// <summary>The adapted modules; every tensor of the adapter must be one of a pair of factors that fits a weight of the base.</summary>
    private static IReadOnlyList<string> Modules(SafetensorsFile adapter, CheckpointWeights weights, int rank)
    {
        List<string> modules = [];
        foreach (string name in adapter.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            string module = PeftFiles.Module(name) ?? throw Failure(adapter, name, "is not a LoRA factor");
            if (!weights.Has(module + CheckpointNames.WeightSuffix))
            {
                throw Failure(
                    adapter,
                    name,
                    $"matches no weight of the base ('{module}{CheckpointNames.WeightSuffix}'): the adapter is for another model");
            }

            IReadOnlyList<long> shape = weights.Shape(module + CheckpointNames.WeightSuffix);
            RequireShape(adapter, PeftFiles.TensorName(module, AdapterFactor.A), [rank, shape[1]]);
            RequireShape(adapter, PeftFiles.TensorName(module, AdapterFactor.B), [shape[0], rank]);
            if (name == PeftFiles.TensorName(module, AdapterFactor.A))
            {
                modules.Add(module);
            }
        }

        return modules;
    }

    private static void RequireShape(SafetensorsFile adapter, string name, long[] expected)
    {
        if (!adapter.Tensors.TryGetValue(name, out SafetensorsEntry? entry))
        {
            throw Failure(adapter, name, "is missing");
        }

        if (!entry.Shape.SequenceEqual(expected))
        {
            throw Failure(adapter, name, $"has shape [{string.Join(", ", entry.Shape)}], but the base needs "
                + $"[{string.Join(", ", expected)}]: the adapter is for another model");
        }
    }

    private static void WriteFile(string from, string to, IReadOnlyList<string> modules, SafetensorsFile adapter, double scaling)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using SafetensorsFile source = SafetensorsFile.Open(from);
        Dictionary<string, Tensor> tensors = source.Tensors.Keys.ToDictionary(name => name, source.ToTensor);
        foreach (string module in modules.Where(module => tensors.ContainsKey(module + CheckpointNames.WeightSuffix)))
        {
            string name = module + CheckpointNames.WeightSuffix;
            using Tensor weight_OI = tensors[name];
            tensors[name] = Merged(weight_OI, module, adapter, scaling);
        }

        SafetensorsWriter.Write(
            to, tensors, source.Metadata.Count > 0 ? source.Metadata : new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static Tensor Merged(Tensor weight_OI, string module, SafetensorsFile adapter, double scaling)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor a_RI = adapter.ToWeight(PeftFiles.TensorName(module, AdapterFactor.A)).to(float32);
        Tensor b_OR = adapter.ToWeight(PeftFiles.TensorName(module, AdapterFactor.B)).to(float32);
        Tensor merged_OI = weight_OI.to(float32).Plus(b_OR.mm(a_RI).mul(scaling)).to(weight_OI.dtype);
        return merged_OI.isfinite().all().item<bool>()
            ? merged_OI.MoveToOuterDisposeScope()
            : throw Failure(
                adapter, PeftFiles.TensorName(module, AdapterFactor.B), $"gives a merged weight that is not finite in {weight_OI.dtype}");
    }

    private static JsonObject Metadata(CheckpointWeights weights, SafetensorsFile adapter, PeftConfig config) => new()
    {
        ["loralab"] = Versions.LoraLab,
        ["mergedFrom"] = new JsonObject
        {
            ["base"] = new JsonArray([.. weights.Files.Select(file =>
                (JsonNode)new JsonObject { ["file"] = Path.GetFileName(file), ["sha256"] = Sha256Hash.OfFile(file) })]),
            ["adapterSha256"] = Sha256Hash.OfFile(adapter.Path),
            ["rank"] = config.Rank,
            ["alpha"] = config.Alpha,
            ["scaling"] = config.Scaling,
        },
    };

    private static RunFailure Failure(SafetensorsFile adapter, string tensor, string problem) =>
        RunFailure.BadData($"{adapter.Path}: tensor '{tensor}' {problem}.", Field);
}
