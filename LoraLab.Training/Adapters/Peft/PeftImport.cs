using System.Text.Json;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>Reads a PEFT adapter folder, strictly: rank, targets, names and shapes must be those of the run.</summary>
public static class PeftImport
{
    private const string Field = "initFrom";
    private static readonly JsonSerializerOptions _strict = new() { AllowDuplicateProperties = false };

    /// <summary>Puts the folder's factors into freshly made adapters.</summary>
    /// <exception cref="RunFailure">Something is missing, unexpected or misshapen.</exception>
    public static void Load(string folder, IReadOnlyList<LowRankAdapter> adapters, int rank) => Load(folder, ReadConfig(folder), adapters, rank);

    /// <summary>The same where the folder's configuration is known.</summary>
    /// <exception cref="RunFailure">Something is missing, unexpected or misshapen.</exception>
    public static void Load(string folder, PeftConfig config, IReadOnlyList<LowRankAdapter> adapters, int rank)
    {
        if (config.Rank != rank)
        {
            throw RunFailure.BadData($"initFrom: the adapter in {folder} has rank {config.Rank}; the specification says {rank}.", Field);
        }

        using IDisposable noGrad = no_grad();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, PeftFiles.Weights), Field);
        HashSet<string> unused = [.. file.Tensors.Keys];
        foreach (LowRankAdapter adapter in adapters)
        {
            Copy(PeftFiles.TensorName(adapter.Module, 'A'), adapter.A_RI);
            Copy(PeftFiles.TensorName(adapter.Module, 'B'), adapter.B_OR);
        }

        if (unused.Count > 0)
        {
            throw RunFailure.BadData($"initFrom: tensor '{Excerpt.Of(unused.Order(StringComparer.Ordinal).First())}' in {folder} belongs to no target of the specification ({unused.Count} in all); targetModules must be those of the adapter.", Field);
        }

        void Copy(string name, Tensor into)
        {
            if (!unused.Remove(name))
            {
                throw RunFailure.BadData($"initFrom: tensor '{name}' is missing from {folder}; targetModules must be those of the adapter.", Field);
            }

            IReadOnlyList<long> found = file.Tensors[name].Shape;
            if (!found.SequenceEqual(into.shape))
            {
                throw RunFailure.BadData($"initFrom: tensor '{name}' in {folder} has shape [{string.Join(", ", found)}]; the run needs [{string.Join(", ", into.shape)}], so the adapter belongs to another model.", Field);
            }

            using Tensor stored = file.ToWeight(name);
            into.copy_(stored);
            RequireRange(into, name, file.Path);
        }
    }

    // A finite float64 may be beyond fp32.
    private static void RequireRange(Tensor factor, string name, string path)
    {
        using IDisposable scope = NewDisposeScope();
        if (!factor.isfinite().all().item<bool>())
        {
            throw RunFailure.BadData($"initFrom: tensor '{name}' in {path} has values beyond the range of fp32.", Field);
        }
    }

    /// <summary>Reads <c>adapter_config.json</c>.</summary>
    public static PeftConfig ReadConfig(string folder)
    {
        string path = Path.Combine(folder, PeftFiles.Config);
        try
        {
            PeftConfig config = JsonSerializer.Deserialize<PeftConfig>(File.ReadAllBytes(path), _strict)
                ?? throw RunFailure.BadData($"initFrom: {path} is empty.", Field);
            return config.Problem() is string problem ? throw RunFailure.BadData($"initFrom: {path} {problem}.", Field) : config;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw RunFailure.BadData($"initFrom: {path} cannot be read: {Excerpt.Of(e.Message)}", Field, e);
        }
    }
}
