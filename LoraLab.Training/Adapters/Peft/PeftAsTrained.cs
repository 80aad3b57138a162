using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// Writes the adapter of a run that changed its base as it was trained: A and B of rank r, which belong to W − s·B₀·A₀, under PEFT's
/// <c>init_lora_weights</c>, and the starting factors A₀ and B₀ in a folder beside them (<see cref="PeftStart"/>). Both are halves of the
/// converted adapter that every run saves.
/// </summary>
public static class PeftAsTrained
{
    /// <summary>Writes the adapter to a new folder; one that has no other form, or is as it was trained already, is copied.</summary>
    /// <param name="folder">Folder of the adapter.</param>
    /// <param name="spec">Specification of the run that trained it; null: unknown, so that it is copied.</param>
    /// <param name="output">Folder to create; it appears once it is complete.</param>
    /// <returns>Whether the adapter belongs to a changed base.</returns>
    /// <exception cref="Files.Errors.RunFailure">The adapter cannot be read, or the output folder exists.</exception>
    public static bool Write(string folder, RunSpec? spec, string output)
    {
        LoraMethod? method = spec is null ? null : LoraMethods.Find(spec.Method);
        string? initialization = PeftStart.Of(folder) is null ? method?.InitializationIn(spec!.MethodOptions) : null;
        using NewFolder unfinished = new(output);
        if (initialization is null)
        {
            Copy(folder, unfinished.Path);
            unfinished.Publish();
            return PeftStart.Of(output) is not null;
        }

        string start = Path.Combine(unfinished.Path, PeftStart.Folder);
        Directory.CreateDirectory(start);
        WriteWeights(folder, unfinished.Path, start);
        JsonObject config = Config(folder, spec!);
        WriteJson(start, config);
        config["init_lora_weights"] = initialization;
        foreach ((string key, JsonNode? value) in method!.InitializationSettings(spec!.MethodOptions))
        {
            config[key] = value?.DeepClone();
        }

        WriteJson(unfinished.Path, config);
        string metadata = Path.Combine(folder, PeftFiles.Metadata);
        if (File.Exists(metadata))
        {
            File.Copy(metadata, Path.Combine(unfinished.Path, PeftFiles.Metadata));
        }

        unfinished.Publish();
        return true;
    }

    /// <summary>Copies the files of an adapter to a new folder as they are.</summary>
    /// <exception cref="Files.Errors.RunFailure">The output folder exists.</exception>
    public static void CopyTo(string folder, string output)
    {
        using NewFolder unfinished = new(output);
        Copy(folder, unfinished.Path);
        unfinished.Publish();
    }

    private static void Copy(string folder, string output)
    {
        foreach (string name in (string[])[PeftFiles.Config, PeftFiles.Weights, PeftFiles.Metadata, PeftStart.Weights,
            Path.Combine(PeftStart.Folder, PeftFiles.Config)])
        {
            string from = Path.Combine(folder, name);
            if (File.Exists(from))
            {
                string to = Path.Combine(output, name);
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(from, to);
            }
        }
    }

    /// <summary>The first half of the ranks is what was trained, the second the start, with the sign of B turned.</summary>
    private static void WriteWeights(string folder, string trainedFolder, string startFolder)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, PeftFiles.Weights), PeftImport.Field);
        Dictionary<string, Tensor> trained = new(StringComparer.Ordinal), start = new(StringComparer.Ordinal);
        foreach (string name in file.Tensors.Keys)
        {
            Tensor converted = file.ToTensor(name);
            if (PeftFiles.Module(name) is not string module)
            {
                trained[name] = converted;
                continue;
            }

            bool isA = name == PeftFiles.TensorName(module, AdapterFactor.A);
            int axis = isA ? 0 : 1;
            long rank = converted.shape[axis] / 2;
            trained[name] = converted.narrow(axis, 0, rank).contiguous();
            Tensor taken = converted.narrow(axis, rank, rank);
            start[name] = isA ? taken.contiguous() : taken.neg().contiguous();
        }

        Dictionary<string, string> metadata = new() { ["format"] = "pt" };
        SafetensorsWriter.Write(Path.Combine(trainedFolder, PeftFiles.Weights), trained, metadata);
        SafetensorsWriter.Write(Path.Combine(startFolder, PeftFiles.Weights), start, metadata);
    }

    /// <summary>The configuration with the ranks and alphas of the specification.</summary>
    private static JsonObject Config(string folder, RunSpec spec)
    {
        JsonObject config = JsonNode.Parse(JsonFile.Read(Path.Combine(folder, PeftFiles.Config)).Span)!.AsObject();
        config["r"] = spec.Rank;
        config["lora_alpha"] = PeftExport.Alpha(spec, spec.Alpha, 1);
        config["rank_pattern"] = PeftExport.Pattern(spec.RankPattern, rank => JsonValue.Create(rank));
        config["alpha_pattern"] = PeftExport.Pattern(spec.AlphaPattern, alpha => PeftExport.Alpha(spec, alpha, 1));
        return config;
    }

    private static void WriteJson(string folder, JsonObject config) =>
        DurableFile.WriteAllText(Path.Combine(folder, PeftFiles.Config), config.ToJsonString(PeftExport.Indented) + "\n");
}
