using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
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
/// shapes and dtypes are those of the base, so that whatever reads the base reads the result. The base is not modified. Of a base in four
/// bits, W is what the run computed with, for every linear layer, and the result is not in four bits.
/// </summary>
public static class PeftMerge
{
    private const string Field = "adapter";

    /// <summary>Merges file by file, so that one weight file of the base is in memory at a time.</summary>
    /// <param name="modelFolder">Base in Hugging Face format.</param>
    /// <param name="adapterFolder">Adapter in PEFT format; it must be for the original base.</param>
    /// <param name="output">Folder to create; it must not exist. It appears once it is complete.</param>
    /// <param name="progress">Receives the number of changed weights so far and of all, after each; null: nobody asks.</param>
    /// <param name="trained">
    /// Specification of the run that trained the adapter, which says in which form it held the base; null: as it is stored.
    /// </param>
    /// <returns>Number of weights with an update.</returns>
    /// <exception cref="RunFailure">
    /// Names or shapes of the adapter do not match the base, a value is not finite, or the output folder exists.
    /// </exception>
    public static int Write(
        string modelFolder, string adapterFolder, string output, Action<int, int>? progress = null, RunSpec? trained = null)
    {
        if (Path.Exists(output))
        {
            throw RunFailure.BadData($"{output} already exists; choose another folder with --out.", "out");
        }

        PeftAdapter adapted = PeftAdapter.Read(adapterFolder);
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        MergeBase quantized = new(weights, trained?.BaseWeights ?? BaseWeights.AsStored);
        using PeftWeights adapter = PeftWeights.Open(adapterFolder, Field);
        RequireFit(adapter, weights, adapted, quantized);
        using NewFolder unfinished = new(output);
        int merged = 0;
        foreach (string file in weights.Files)
        {
            WriteFile(file, Path.Combine(unfinished.Path, Path.GetFileName(file)), weights, adapted, adapter, quantized, trained, Merged);
        }

        ModelFiles.CopyKept(
            modelFolder, unfinished.Path, path => path != PeftFiles.Metadata && !(quantized.IsStored && path == LlamaConfig.FileName));
        if (quantized.IsStored)
        {
            MergeBase.WriteConfiguration(
                Path.Combine(modelFolder, LlamaConfig.FileName), Path.Combine(unfinished.Path, LlamaConfig.FileName));
        }

        if (weights.Index is string index)
        {
            string target = Path.Combine(unfinished.Path, Path.GetFileName(index));
            (quantized.IsStored ? (Action<string, string>)quantized.WriteIndex : File.Copy)(index, target);
        }

        DurableFile.WriteAllText(
            Path.Combine(unfinished.Path, PeftFiles.Metadata),
            Metadata(weights, adapter, adapted, quantized).ToJsonString(ContractJson.Indented) + "\n");
        unfinished.Publish();
        return adapted.Modules.Count;

        void Merged() => progress?.Invoke(++merged, adapted.Modules.Count);
    }

    /// <summary>Requires that the factors of every module fit a weight of the base.</summary>
    private static void RequireFit(PeftWeights adapter, CheckpointWeights weights, PeftAdapter adapted, MergeBase quantized)
    {
        foreach ((string module, PeftModule factors) in adapted.Modules)
        {
            string weight = module + CheckpointNames.WeightSuffix;
            string a = PeftFiles.TensorName(
                adapted.Config.Registered.Peft, module, factors.Shapes.Keys.Min(StringComparer.Ordinal)!);
            if (!weights.Has(weight))
            {
                throw Failure(adapter, a, $"matches no weight of the base ('{weight}'): the adapter is for another model");
            }

            IReadOnlyList<long> shape = quantized.Shape(weight);
            LinearShape? layer = shape is [var rows, var columns]
                ? new(module[(module.LastIndexOf('.') + 1)..], (int)rows, (int)columns)
                : null;
            if (layer is not null && adapted.MissingPart(module, layer) is string part)
            {
                throw Failure(
                    adapter,
                    PeftFiles.TensorName(adapted.Config.Registered.Peft, module, part),
                    $"is missing, which an adapter of {adapted.Config.Method} has; correct {PeftFiles.Config}, or save the adapter again");
            }

            if (layer is null || !adapted.Fits(module, layer))
            {
                throw Failure(adapter, a, $"belongs to a layer of {factors.Widths}, but the base has "
                    + $"[{string.Join(", ", shape)}]: the adapter is for another model");
            }
        }
    }

    private static void WriteFile(
        string from,
        string to,
        CheckpointWeights weights,
        PeftAdapter adapted,
        PeftWeights adapter,
        MergeBase quantized,
        RunSpec? trained,
        Action merged)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using SafetensorsFile source = SafetensorsFile.Open(from);
        Dictionary<string, Tensor> tensors =
            source.Tensors.Keys.Where(name => !quantized.IsPart(name)).ToDictionary(name => name, source.ToTensor);
        foreach (string name in quantized.QuantizedIn(tensors).ToArray())
        {
            string module = name[..^CheckpointNames.WeightSuffix.Length];
            if (!adapted.Modules.ContainsKey(module))
            {
                using LinearLayer layer = quantized.Layer(module, null);
                string stored = weights.StoredName(name);
                Replace(stored, layer.Weight_OI.to(quantized.Dtype(name, tensors[stored])));
            }
        }

        foreach (string module in adapted.Modules.Keys)
        {
            string weight = weights.StoredName(module + CheckpointNames.WeightSuffix);
            bool hasBias = weights.Has(module + CheckpointNames.BiasSuffix);
            string bias = hasBias ? weights.StoredName(module + CheckpointNames.BiasSuffix) : "";
            if (tensors.ContainsKey(weight) || tensors.ContainsKey(bias))
            {
                using Tensor? bias_O = hasBias ? weights.Read(module + CheckpointNames.BiasSuffix) : null;
                (Tensor mergedWeight_OI, Tensor? mergedBias_O) =
                    Merged(module, Dtype(module), bias_O, adapted, adapter, quantized, trained);
                Replace(weight, mergedWeight_OI);
                Replace(bias, mergedBias_O);
                merged();
            }
        }

        SafetensorsWriter.Write(
            to, tensors, source.Metadata.Count > 0 ? source.Metadata : new Dictionary<string, string> { ["format"] = "pt" });

        ScalarType Dtype(string module)
        {
            using Tensor stored_OI = weights.Find(module + CheckpointNames.WeightSuffix) is (SafetensorsFile file, string stored)
                ? file.ToTensor(stored)
                : throw new InvalidOperationException();
            return quantized.Dtype(module + CheckpointNames.WeightSuffix, stored_OI);
        }

        void Replace(string name, Tensor? value)
        {
            if (value is not null && tensors.TryGetValue(name, out Tensor? original))
            {
                original.Dispose();
                tensors[name] = value;
            }
        }
    }

    private static (Tensor Weight_OI, Tensor? Bias_O) Merged(
        string module,
        ScalarType dtype,
        Tensor? bias_O,
        PeftAdapter adapted,
        PeftWeights adapter,
        MergeBase quantized,
        RunSpec? trained)
    {
        using IDisposable scope = NewDisposeScope();
        using LinearLayer layer = quantized.Layer(module, bias_O?.to(float32, copy: true));
        Adapter restored = PeftImport.Restore(adapted, adapter, layer);
        layer.Adapter = restored;
        QuantizedResidual.Restore(trained, [layer]);
        Tensor merged_OI = layer.Weight_OI.Plus(restored.Delta(layer)).to(dtype);
        Tensor? mergedBias_O = restored.Compute(layer).BiasDelta_O is Tensor delta_O ? layer.Bias_O!.Plus(delta_O).to(bias_O!.dtype) : null;
        return merged_OI.isfinite().all().item<bool>() && mergedBias_O?.isfinite().all().item<bool>() != false
            ? (merged_OI.MoveToOuterDisposeScope(), mergedBias_O?.MoveToOuterDisposeScope())
            : throw Failure(adapter, LastTensor(module, adapted), $"gives a merged weight that is not finite in {dtype}");
    }

    /// <summary>The name in the adapter's file of the last tensor of a module, which failures name.</summary>
    private static string LastTensor(string module, PeftAdapter adapted) => PeftFiles.TensorName(
        adapted.Config.Registered.Peft, module, adapted.Modules[module].Shapes.Keys.Max(StringComparer.Ordinal)!);

    private static JsonObject Metadata(CheckpointWeights weights, PeftWeights adapter, PeftAdapter adapted, MergeBase quantized) => new()
    {
        ["loralab"] = Versions.LoraLab,
        ["mergedFrom"] = new JsonObject
        {
            ["base"] = new JsonArray([.. weights.Files.Select(file =>
                (JsonNode)new JsonObject { ["file"] = Path.GetFileName(file), ["sha256"] = Sha256Hash.OfFile(file) })]),
            ["inFourBits"] = quantized.IsQuantized,
            ["adapterSha256"] = Sha256Hash.OfFile(adapter.Path),
            ["rank"] = adapted.Config.Rank,
            ["alpha"] = adapted.Config.Alpha,
            ["scaling"] = adapted.Config.Scaling,
        },
    };

    private static RunFailure Failure(PeftWeights adapter, string tensor, string problem) =>
        RunFailure.BadData($"{adapter.Path}: tensor '{tensor}' {problem}.", Field);
}
