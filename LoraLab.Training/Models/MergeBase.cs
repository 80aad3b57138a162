using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>The weights of a base as a merged model takes them over: layers in four bits as the numbers that a run computes with.</summary>
/// <param name="weights">The checkpoint; the caller keeps ownership.</param>
/// <param name="form">Form in which the run held the linear layers; those that are stored in four bits are so in any case.</param>
internal sealed class MergeBase(CheckpointWeights weights, BaseWeights form)
{
    private readonly StoredNf4? _stored = StoredNf4.Has(weights) ? new(weights) : null;

    /// <summary>Whether the linear layers were in four bits.</summary>
    public bool IsQuantized => IsStored || form != BaseWeights.AsStored;

    /// <summary>Whether the checkpoint stores them in four bits.</summary>
    public bool IsStored => _stored is not null;

    /// <summary>Names of the weights in four bits that a file has.</summary>
    public IEnumerable<string> QuantizedIn(IReadOnlyDictionary<string, Tensor> file) =>
        weights.Names.Where(name => IsInFourBits(name) && file.ContainsKey(weights.StoredName(name)));

    /// <summary>Whether a tensor of the checkpoint only describes a weight in four bits.</summary>
    public bool IsPart(string name) => IsStored && StoredNf4.IsPart(name);

    /// <summary>Shape of a weight.</summary>
    public IReadOnlyList<long> Shape(string name) => _stored?.Has(name) == true ? _stored.Shape(name) : weights.Shape(name);

    /// <summary>
    /// Precision of a weight in a merged model: that of the checkpoint, and of its embeddings if the weight is stored in four bits.
    /// </summary>
    public ScalarType Dtype(string name, Tensor stored_OI)
    {
        if (_stored?.Has(name) != true)
        {
            return stored_OI.dtype;
        }

        using Tensor embedding_VD = weights.Read(CheckpointNames.Embedding);
        return embedding_VD.dtype;
    }

    /// <summary>A layer, which the caller owns, in fp32 or in four bits.</summary>
    public LinearLayer Layer(string module, Tensor? bias_O)
    {
        string name = module + CheckpointNames.WeightSuffix;
        if (_stored?.Has(name) == true)
        {
            return new(module, _stored.Load(name, float32, CPU), bias_O);
        }

        return IsInFourBits(name)
            ? new(module, QuantizedWeight.Of(Original(), form == BaseWeights.Nf4Double, float32), bias_O) { ReadOriginal = Original }
            : new(module, Original(), bias_O);

        Tensor Original()
        {
            using Tensor stored_OI = weights.Read(name);
            return stored_OI.to(float32, copy: true);
        }
    }

    /// <summary>Writes the configuration without what says that the model is in four bits.</summary>
    public static void WriteConfiguration(string from, string to)
    {
        JsonObject config = JsonNode.Parse(JsonFile.Read(from).Span)!.AsObject();
        config.Remove("quantization_config");
        File.WriteAllText(to, config.ToJsonString(new() { WriteIndented = true }) + "\n");
    }

    /// <summary>Writes the index of the files without the parts of weights in four bits.</summary>
    public void WriteIndex(string from, string to)
    {
        JsonObject index = JsonNode.Parse(JsonFile.Read(from).Span)!.AsObject();
        JsonObject map = index["weight_map"]!.AsObject();
        foreach (string part in map.Select(entry => entry.Key).Where(IsPart).ToArray())
        {
            map.Remove(part);
        }

        index.Remove("metadata");
        File.WriteAllText(to, index.ToJsonString(new() { WriteIndented = true }) + "\n");
    }

    private bool IsInFourBits(string name) => _stored is not null
        ? _stored.Has(name)
        : form != BaseWeights.AsStored && CheckpointNames.IsLinear(name, [.. weights.Shape(name)]);
}
