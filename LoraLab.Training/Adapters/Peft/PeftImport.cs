using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
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
    public static void Load(string folder, IReadOnlyList<Adapter> adapters)
    {
        PeftLayout layout = ReadConfig(folder).Registered.Peft;
        Load(
            folder,
            adapters.SelectMany(adapter => adapter.Tensors
                .Where(tensor => layout.Parts.ContainsKey(tensor.Part))
                .Select(tensor => (PeftFiles.TensorName(layout, adapter.Module, tensor.Part), tensor.Value))),
            layout.Pruned);
    }

    /// <summary>
    /// The folder's factors for the layers of a run, by module, as fp32 tensors that the caller owns. A layer to which a method that
    /// calibrates gave no rank has none.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="layers">All layers that the run adapts.</param>
    /// <param name="method">Method that starts from them.</param>
    /// <exception cref="RunFailure">The adapter cannot be used, or a tensor is missing, unexpected or has the wrong shape.</exception>
    public static IReadOnlyDictionary<string, (Tensor A_RI, Tensor B_OR)> Factors(
        string folder, IReadOnlyList<LinearLayer> layers, LoraMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        PeftAdapter adapter = PeftAdapter.Read(folder, method);
        return Factors(folder, method.Calibrates ? [.. layers.Where(layer => adapter.Modules.ContainsKey(layer.Name))] : layers, adapter);
    }

    /// <summary>
    /// The factors that were taken from the base before an adapter was trained, by module, as fp32 tensors that the caller owns; null: the
    /// folder has none, so that its own factors are taken.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="layers">All layers that the run adapts.</param>
    /// <param name="method">Method that continues the adapter.</param>
    /// <exception cref="RunFailure">A tensor is missing, unexpected or has the wrong shape.</exception>
    public static IReadOnlyDictionary<string, (Tensor A_RI, Tensor B_OR)>? StartingFactors(
        string folder, IReadOnlyList<LinearLayer> layers, LoraMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        return method.TakesFromBase && PeftStart.Of(folder) is string initial
            ? Factors(initial, layers, PeftAdapter.Read(folder, method))
            : null;
    }

    private static Dictionary<string, (Tensor A_RI, Tensor B_OR)> Factors(
        string folder, IReadOnlyList<LinearLayer> layers, PeftAdapter adapter)
    {
        Dictionary<string, (Tensor A_RI, Tensor B_OR)> factors = new(StringComparer.Ordinal);
        foreach (LinearLayer layer in layers)
        {
            int rank = adapter.Modules.GetValueOrDefault(layer.Name)?.Rank ?? 1;
            Device device = layer.Device;
            factors[layer.Name] = (
                zeros(rank, layer.In, float32, device).DetachFromDisposeScope(),
                zeros(layer.Out, rank, float32, device).DetachFromDisposeScope());
        }

        IEnumerable<(string Name, Tensor Target)> targets = factors.SelectMany(pair => ((string, Tensor)[])
        [
            (PeftFiles.TensorName(pair.Key, AdapterFactor.A), pair.Value.A_RI),
            (PeftFiles.TensorName(pair.Key, AdapterFactor.B), pair.Value.B_OR),
        ]);
        Load(folder, targets, asTrained: true);
        return factors;
    }

    private static void Load(
        string folder, IEnumerable<(string Name, Tensor Target)> targets, bool pruned = false, bool asTrained = false)
    {
        using IDisposable noGrad = no_grad();
        using PeftWeights file = PeftWeights.Open(folder, asTrained: asTrained);
        HashSet<string> unused = [.. file.Tensors.Keys];
        HashSet<string> copied = [];
        foreach ((string name, Tensor target) in targets.Where(target => copied.Add(target.Name)))
        {
            Copy(name, target);
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
            if (pruned && found.Count == target.shape.Length && found.Zip(target.shape).All(length => length.First <= length.Second))
            {
                // Triplets that were pruned stay zero.
                target.zero_();
                target = found.Select((length, axis) => (length, axis))
                    .Aggregate(target, (part, length) => part.narrow(length.axis, 0, length.length));
            }

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
        using SharedTensors shared = new();
        foreach ((string module, PeftModule factors) in adapter.Modules)
        {
            LinearLayer layer = layers.FirstOrDefault(layer =>
                layer.Name == module && adapter.Fits(module, new(layer.ShortName, layer.Out, layer.In)))
                ?? throw RunFailure.BadData(
                    $"initFrom: the adapter in {folder} adapts {Excerpt.Of(module)} of {factors.Widths}, which the model does "
                        + "not have: it is for another model.",
                    Field);
            layer.Adapter = Restore(adapter, file, layer, shared);
        }
    }

    /// <summary>The adapter of a layer, with the folder's own rank and scaling. The caller has checked that it fits.</summary>
    /// <exception cref="RunFailure">A value is not finite.</exception>
    /// <param name="adapter">The adapter.</param>
    /// <param name="file">Its tensors.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="shared">Tensors that layers restored before share with this one; null: the layer has its own.</param>
    internal static Adapter Restore(PeftAdapter adapter, PeftWeights file, LinearLayer layer, SharedTensors? shared = null)
    {
        LoraMethod method = adapter.Config.Registered;
        PeftLayout layout = method.Peft;
        // The scaling of pruned layers stays that of the rank with which they started.
        PeftModule module = adapter.Modules[layer.Name];
        AdapterRequest request = new(layout.Pruned ? adapter.Config.Rank : module.Rank, module.Scaling, 0, 0) { Shared = shared };
        return method.Restore(layer, request, adapter.Config.Options, inBranch: false, Stored);

        Tensor? Stored(string fullName)
        {
            string part = fullName[(fullName.LastIndexOf('.') + 1)..];
            string name = layout.Parts.ContainsKey(part) ? PeftFiles.TensorName(layout, layer.Name, part) : fullName;
            if (!file.Tensors.ContainsKey(name))
            {
                return null;
            }

            using Tensor stored = file.ToWeight(name);
            Tensor value = stored.to(float32, copy: true).to(layer.Device);
            RequireFinite(value, name, file.Path);
            return value.DetachFromDisposeScope();
        }
    }

    private static PeftConfig WithMethod(PeftConfig config, JsonObject json)
    {
        if (PeftMethods.Of(json) is not (LoraMethod method, PeftSettings settings))
        {
            return config with { Options = config.Registered.Complete([], []) };
        }

        List<FieldError> errors = [];
        JsonObject options = method.Complete(settings.Options, errors);
        return errors.Count > 0 ? throw new JsonException(errors[0].Message) : config with
        {
            Method = method.Id,
            Options = options,
            RankOrNull = settings.Rank,
            AlphaOrNull = settings.Alpha,
            RankStabilized = settings.RankStabilized,
        };
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

            JsonObject given = JsonFile.WithoutNulls(document.RootElement);
            JsonObject common = given.DeepClone().AsObject();
            if (PeftMethods.Of(given)?.Method.Peft.Pruned == true)
            {
                common.Remove("rank_pattern");
            }

            PeftConfig config = WithMethod(common.Deserialize<PeftConfig>(_options)!, given);
            if (method is null && PeftStart.Of(folder) is not null)
            {
                config = config.OnOriginalBase();
            }

            KeyReport keys = PeftConfigKeys.Of(config.Registered.Peft).Check(document.RootElement);
            warnings = KeyFile.IgnoredWarning(path, keys.Ignored);
            return (config.Problem(method) ?? keys.Problem) is string problem
                ? throw RunFailure.BadData($"initFrom: {path} {problem}.", Field)
                : config;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException
            or FormatException)
        {
            throw RunFailure.BadData($"initFrom: {path} cannot be read: {Excerpt.Of(JsonText.Problem(e))}", Field, e);
        }
    }
}
