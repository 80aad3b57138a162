using System.Text.Json;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>Loads a PEFT adapter strictly: rank, target modules, names and shapes must match the run.</summary>
public static class PeftImport
{
    /// <summary>Field of the specification that names the adapter.</summary>
    internal const string Field = "initFrom";

    private static readonly JsonSerializerOptions _options = new()
    {
        AllowDuplicateProperties = false,
        Converters = { new WholeNumberConverter() },
    };

    /// <summary>Loads the folder's factors into new adapters of a rank, if its configuration is supported and has that rank.</summary>
    /// <exception cref="RunFailure">The configuration is refused, or a tensor is missing, unexpected or has the wrong shape.</exception>
    public static void Load(string folder, IReadOnlyList<Adapter> adapters, int rank)
    {
        PeftConfig config = ReadConfig(folder);
        if (config.RankOrNull is int stated && stated != rank)
        {
            throw RunFailure.BadData(
                $"initFrom: the adapter in {folder} has rank {stated}, but the specification has rank "
                    + $"{rank}; set rank to {stated}.",
                Field);
        }

        Load(folder, adapters);
    }

    /// <summary>Loads the folder's factors into new adapters.</summary>
    /// <exception cref="RunFailure">A tensor is missing, unexpected or has the wrong shape.</exception>
    public static void Load(string folder, IReadOnlyList<Adapter> adapters) =>
        Load(folder, adapters.Cast<LowRankAdapter>().Select(adapter => (adapter.Module, adapter.A_RI, adapter.B_OR)));

    /// <summary>The folder's factors for the layers of a run, by module, as fp32 tensors that the caller owns.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="layers">All layers that the run adapts.</param>
    /// <param name="method">Method that starts from them.</param>
    /// <exception cref="RunFailure">The adapter cannot be used, or a tensor is missing, unexpected or has the wrong shape.</exception>
    public static IReadOnlyDictionary<string, (Tensor A_RI, Tensor B_OR)> Factors(
        string folder, IReadOnlyList<LinearLayer> layers, LoraMethod method)
    {
        PeftAdapter adapter = PeftAdapter.Read(folder, method);
        Dictionary<string, (Tensor A_RI, Tensor B_OR)> factors = new(StringComparer.Ordinal);
        foreach (LinearLayer layer in layers)
        {
            int rank = adapter.Modules.GetValueOrDefault(layer.Name)?.Rank ?? 1;
            Device device = layer.Weight_OI.device;
            factors[layer.Name] = (
                zeros(rank, layer.In, float32, device).DetachFromDisposeScope(),
                zeros(layer.Out, rank, float32, device).DetachFromDisposeScope());
        }

        Load(folder, factors.Select(pair => (pair.Key, pair.Value.A_RI, pair.Value.B_OR)));
        return factors;
    }

    private static void Load(string folder, IEnumerable<(string Module, Tensor A_RI, Tensor B_OR)> targets)
    {
        using IDisposable noGrad = no_grad();
        using PeftWeights file = PeftWeights.Open(folder);
        HashSet<string> unused = [.. file.Tensors.Keys];
        foreach ((string module, Tensor a_RI, Tensor b_OR) in targets)
        {
            Copy(PeftFiles.TensorName(module, AdapterFactor.A), a_RI);
            Copy(PeftFiles.TensorName(module, AdapterFactor.B), b_OR);
        }

        if (unused.Count > 0)
        {
            throw RunFailure.BadData(
                $"initFrom: tensor '{Excerpt.Of(unused.Order(StringComparer.Ordinal).First())}' in {folder} belongs to no target module of "
                    + $"the specification ({unused.Count} such tensors); targetModules must match the adapter.",
                Field);
        }

        void Copy(string name, Tensor target)
        {
            if (!unused.Remove(name))
            {
                throw RunFailure.BadData(
                    $"initFrom: tensor '{name}' is missing from {folder}; targetModules must match the adapter.", Field);
            }

            IReadOnlyList<long> found = file.Tensors[name].Shape;
            if (!found.SequenceEqual(target.shape))
            {
                throw RunFailure.BadData(
                    $"initFrom: tensor '{name}' in {folder} has shape [{string.Join(", ", found)}], but the run needs "
                        + $"[{string.Join(", ", target.shape)}]: the adapter is for another model.",
                    Field);
            }

            using Tensor stored = file.ToWeight(name);
            target.copy_(stored);
            RequireFinite(target, name, file.Path);
        }
    }

    /// <summary>Puts the factors of a folder on the layers of a model, with the folder's own ranks and scalings.</summary>
    /// <exception cref="RunFailure">The adapter cannot be used, or is for another model.</exception>
    public static void Attach(string folder, IReadOnlyList<LinearLayer> layers)
    {
        using IDisposable noGrad = no_grad();
        PeftAdapter adapter = PeftAdapter.Read(folder);
        using PeftWeights file = PeftWeights.Open(folder);
        foreach ((string module, PeftModule factors) in adapter.Modules)
        {
            LinearLayer layer = layers.FirstOrDefault(layer => layer.Name == module && layer.Out == factors.Out && layer.In == factors.In)
                ?? throw RunFailure.BadData(
                    $"initFrom: the adapter in {folder} adapts {Excerpt.Of(module)} of {factors.Out}×{factors.In}, which the model does "
                        + "not have: it is for another model.",
                    Field);
            layer.Adapter = new LowRankAdapter(module, Factor(AdapterFactor.A), Factor(AdapterFactor.B), factors.Scaling);

            Tensor Factor(AdapterFactor factor)
            {
                string name = PeftFiles.TensorName(module, factor);
                using Tensor stored = file.ToWeight(name);
                Tensor value = stored.to(float32, copy: true).to(layer.Weight_OI.device);
                RequireFinite(value, name, file.Path);
                return value.DetachFromDisposeScope();
            }
        }
    }

    // A finite float64 value may be out of range for fp32.
    private static void RequireFinite(Tensor factor, string name, string path)
    {
        using IDisposable scope = NewDisposeScope();
        if (!factor.isfinite().all().item<bool>())
        {
            throw RunFailure.BadData($"initFrom: tensor '{name}' in {path} has values out of range for fp32; use another adapter.", Field);
        }
    }

    /// <summary>Reads <c>adapter_config.json</c>.</summary>
    /// <exception cref="RunFailure">The file is missing or invalid, or describes an adapter that is not supported.</exception>
    public static PeftConfig ReadConfig(string folder) => ReadConfig(folder, out _);

    /// <summary>Reads <c>adapter_config.json</c>, with a warning about keys that are ignored, if there are any.</summary>
    /// <exception cref="RunFailure">The file is missing or invalid, or describes an adapter that is not supported.</exception>
    /// <param name="folder">The folder.</param>
    /// <param name="warnings">The warnings.</param>
    /// <param name="method">Method that starts from the adapter; null: none, the adapter is used as it is.</param>
    public static PeftConfig ReadConfig(string folder, out IReadOnlyList<string> warnings, LoraMethod? method = null)
    {
        string path = Path.Combine(folder, PeftFiles.Config);
        try
        {
            using JsonDocument document = JsonDocument.Parse(JsonFile.Read(path), JsonFile.Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException(document.RootElement.ValueKind == JsonValueKind.Null
                    ? "it is empty; save the adapter again."
                    : "it is not a JSON object; save the adapter again.");
            }

            PeftConfig config = JsonFile.WithoutNulls(document.RootElement).Deserialize<PeftConfig>(_options)!;
            KeyReport keys = PeftConfigKeys.Table.Check(document.RootElement);
            warnings = KeyFile.IgnoredWarning(path, keys.Ignored);
            return (config.Problem(method) ?? keys.Problem) is string problem
                ? throw RunFailure.BadData($"initFrom: {path} {problem}.", Field)
                : config;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw RunFailure.BadData($"initFrom: {path} cannot be read: {Excerpt.Of(JsonText.Problem(e))}", Field, e);
        }
    }
}
