using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// Writes adapters in PEFT format so that they work on the original base: A and B as they are; R merged into A (LoRA-XS);
/// factors extracted from the base as additional ranks with opposite sign (PiSSA, rank 2r); the scaling is unchanged.
/// </summary>
public static class PeftExport
{
    /// <summary>As PEFT writes its configurations.</summary>
    internal static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };

    /// <summary>Writes configuration, weights and LoraLab's metadata to a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="adapters">The adapters of the layers.</param>
    /// <param name="spec">Specification of their run.</param>
    /// <param name="fileVersion">Version of LoraLab.</param>
    /// <param name="evaluation">The evaluation for which it is kept, for the metadata; null: it is the result of the run.</param>
    public static void Write(
        string folder, IEnumerable<Adapter> adapters, RunSpec spec, string fileVersion, JsonObject? evaluation = null)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        List<Adapter> all = [.. adapters];
        (Dictionary<string, Tensor> tensors, JsonObject config) = all.TrueForAll(adapter => adapter is LowRankAdapter)
            ? Plain(spec, [.. all.OfType<LowRankAdapter>()])
            : AsTrained(spec, all);
        SafetensorsWriter.Write(Path.Combine(folder, PeftFiles.Weights), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        DurableFile.WriteAllText(Path.Combine(folder, PeftFiles.Config), config.ToJsonString(Indented) + "\n");
        DurableFile.WriteAllText(Path.Combine(folder, PeftFiles.Metadata), Metadata(spec, fileVersion, evaluation));
    }

    /// <summary>Factors whose product, times the adapter's scaling, is the full update of the original weight.</summary>
    public static (Tensor A_RI, Tensor B_OR) OnOriginalBase(LowRankAdapter adapter)
    {
        if (adapter.Extracted is ExtractedFactors extracted)
        {
            return (cat([adapter.A_RI, extracted.A_RI], dim: 0), cat([adapter.B_OR, extracted.B_OR.neg()], dim: 1));
        }

        return (adapter.R_RR is null ? adapter.A_RI : adapter.R_RR.mm(adapter.A_RI), adapter.B_OR);
    }

    private static (Dictionary<string, Tensor> Tensors, JsonObject Config) Plain(RunSpec spec, IReadOnlyList<LowRankAdapter> adapters)
    {
        Dictionary<string, Tensor> tensors = [];
        foreach (LowRankAdapter adapter in adapters)
        {
            (Tensor a_RI, Tensor b_OR) = OnOriginalBase(adapter);
            tensors[PeftFiles.TensorName(adapter.Module, AdapterFactor.A)] = a_RI.cpu().contiguous();
            tensors[PeftFiles.TensorName(adapter.Module, AdapterFactor.B)] = b_OR.cpu().contiguous();
        }

        return (tensors, Config(spec, adapters, Growth(adapters)));
    }

    /// <summary>The tensors under PEFT's names, with the method's own configuration.</summary>
    private static (Dictionary<string, Tensor> Tensors, JsonObject Config) AsTrained(RunSpec spec, IReadOnlyList<Adapter> adapters)
    {
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        Dictionary<string, Tensor> tensors = [];
        foreach (Adapter adapter in adapters)
        {
            foreach (AdapterTensor tensor in adapter.OnOriginalBase().Where(tensor => method.Peft.Parts.ContainsKey(tensor.Part)))
            {
                tensors[PeftFiles.TensorName(method.Peft, adapter.Module, tensor.Part)] = tensor.Value.detach().cpu().contiguous();
            }
        }

        JsonObject config = method.Peft.Type == PeftLayout.Lora.Type ? Config(spec, adapters, Growth(adapters)) : new()
        {
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = spec.Model,
            ["inference_mode"] = true,
            ["modules_to_save"] = null,
            ["peft_type"] = method.Peft.Type,
            ["revision"] = null,
            ["target_modules"] = new JsonArray([.. Targets(adapters).Select(target => (JsonNode?)target)]),
            ["task_type"] = "CAUSAL_LM",
        };
        foreach ((string key, JsonNode? value) in method.Peft.Write(spec, adapters))
        {
            config[key] = value?.DeepClone();
        }

        return (tensors, config);
    }

    private static string[] Targets(IEnumerable<Adapter> adapters) =>
        [.. adapters.Select(adapter => adapter.Module[(adapter.Module.LastIndexOf('.') + 1)..]).Distinct().Order(StringComparer.Ordinal)];

    private static int Growth(IEnumerable<Adapter> adapters) =>
        adapters.Any(adapter => adapter.Find(AdapterFactor.ExtractedA.Name()) is not null) ? 2 : 1;

    private static JsonObject Config(RunSpec spec, IReadOnlyList<Adapter> adapters, int growth)
    {
        LowRankAdapter[] plain = [.. adapters.OfType<LowRankAdapter>()];
        LowRankAdapter[] ranked = [.. plain.Where(adapter => adapter.Rank != LayerSettings.Rank(spec, adapter.Module))];
        // Where a method chose ranks, all are by full names, and layers of rank 0 have no adapter.
        LowRankAdapter[] own = ranked.Length == 0 ? [] : [.. plain.Where(adapter => adapter.Rank != spec.Rank)];
        JsonObject config = new()
        {
            ["alpha_pattern"] = ranked.Length == 0 ? Pattern(spec.AlphaPattern, alpha => Alpha(spec, alpha, growth)) : new JsonObject(
                own.Select(adapter => KeyValuePair.Create(
                    adapter.Module,
                    (JsonNode?)AdapterScaling.AlphaAt(adapter.Scaling, adapter.Rank * growth, spec.RankStabilized)))),
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = spec.Model,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layer_replication"] = null,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = spec.LayersToTransform is { } layers
                ? new JsonArray([.. layers.Select(layer => (JsonNode?)layer)])
                : null,
            ["loftq_config"] = new JsonObject(),
            ["lora_alpha"] = Alpha(spec, spec.Alpha, growth),
            ["lora_dropout"] = spec.Dropout,
            ["megatron_config"] = null,
            ["megatron_core"] = "megatron.core",
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = spec.Rank * growth,
            ["rank_pattern"] = ranked.Length == 0 ? Pattern(spec.RankPattern, rank => JsonValue.Create(rank * growth)) : new JsonObject(
                own.Select(adapter => KeyValuePair.Create(adapter.Module, (JsonNode?)(adapter.Rank * growth)))),
            ["revision"] = null,
            ["target_modules"] = new JsonArray(
            [
                .. (ranked.Length == 0 ? Targets(adapters) : [.. adapters.Select(adapter => adapter.Module).Order(StringComparer.Ordinal)])
                    .Select(target => (JsonNode?)target),
            ]),
            ["task_type"] = "CAUSAL_LM",
            ["use_dora"] = false,
            ["use_rslora"] = spec.RankStabilized,
        };
        if (spec.ExcludeModules is { Count: > 0 } excluded)
        {
            // PEFT knows it since 0.14.
            config.Insert(
                config.IndexOf("fan_in_fan_out"), "exclude_modules", new JsonArray([.. excluded.Select(module => (JsonNode?)module)]));
        }

        return config;
    }

    /// <summary>A pattern as in PEFT's configuration.</summary>
    internal static JsonObject Pattern<TValue>(IReadOnlyDictionary<string, TValue>? pattern, Func<TValue, JsonNode> value) =>
        new((pattern ?? new Dictionary<string, TValue>())
            .Select(module => KeyValuePair.Create(module.Key, (JsonNode?)value(module.Value))));

    /// <summary>The α of a rank that grew by a factor, whole if it can be.</summary>
    internal static JsonValue Alpha(RunSpec spec, double alpha, int growth)
    {
        double grown = AdapterScaling.AlphaAtRank(alpha, growth, spec.RankStabilized);
        return grown == Math.Floor(grown) ? JsonValue.Create((long)grown) : JsonValue.Create(grown);
    }

    /// <summary>LoraLab's metadata in the folder of a result: its version, and the specification of the run, as JSON.</summary>
    public static string Metadata(RunSpec spec, string fileVersion, JsonObject? evaluation = null)
    {
        JsonObject metadata = new()
        {
            ["loralab"] = fileVersion,
            ["spec"] = JsonSerializer.SerializeToNode(spec, ContractJson.Options),
        };
        if (evaluation is not null)
        {
            metadata["evaluation"] = evaluation;
        }

        return metadata.ToJsonString(ContractJson.Indented) + "\n";
    }
}
