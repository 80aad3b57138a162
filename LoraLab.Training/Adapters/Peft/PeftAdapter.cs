using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// A PEFT adapter as its files describe it, without the values: the configuration, and the modules with their ranks, which follow from the
/// tensors, because <c>target_modules</c> may be a regular expression or end names and layers may be left out.
/// </summary>
/// <param name="Folder">Folder of the adapter.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Modules">Shape of each adapted layer and rank of its factors by full module name.</param>
public sealed record PeftAdapter(string Folder, PeftConfig Config, IReadOnlyDictionary<string, PeftModule> Modules)
{
    /// <summary>Names of the adapted layers, as in a specification.</summary>
    public IReadOnlyList<string> Targets { get; } =
        [.. Modules.Keys.Select(module => module[(module.LastIndexOf('.') + 1)..]).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Ranks of the factors, in ascending order.</summary>
    public IReadOnlyList<int> Ranks { get; } = [.. Modules.Values.Select(module => module.Rank).Distinct().Order()];

    /// <summary>Warnings about the folder, such as keys that are ignored.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Scalings s of the modules, in ascending order.</summary>
    public IReadOnlyList<double> Scalings { get; } = [.. Modules.Values.Select(module => module.Scaling).Distinct().Order()];

    /// <summary>Whether the tensors of a module are those of a layer.</summary>
    public bool Fits(string module, LinearShape layer)
    {
        IReadOnlyDictionary<string, IReadOnlyList<long>> found = Modules[module].Shapes;
        AdapterTensorShape[] needed = [.. Needed(module, layer)];
        return needed.Length == found.Count && needed.All(tensor =>
            found.TryGetValue(tensor.Part, out IReadOnlyList<long>? shape) && shape.SequenceEqual(tensor.Shape));
    }

    /// <summary>The first tensor that the method needs for a layer and that the module lacks, by its name within the layer.</summary>
    public string? MissingPart(string module, LinearShape layer) =>
        Needed(module, layer).Select(tensor => tensor.Part).FirstOrDefault(part => !Modules[module].Shapes.ContainsKey(part));

    /// <summary>Reads the configuration and the weights of an adapter folder; the values are only checked.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="method">Method that starts from the adapter; null: none, the adapter is used as it is.</param>
    /// <exception cref="RunFailure">
    /// A file is missing, invalid or in another format, or a tensor is not a factor or not finite; field <c>initFrom</c>.
    /// </exception>
    public static PeftAdapter Read(string folder, LoraMethod? method = null)
    {
        PeftConfig config = PeftImport.ReadConfig(folder, out IReadOnlyList<string> warnings, method);
        using PeftWeights file = PeftWeights.Open(folder, asTrained: method is not null);
        IReadOnlyDictionary<string, PeftModule> modules = config.IsPlain
            ? Plain(folder, config, file)
            : PeftOtherModules.Read(config, file, (name, problem) => Failure(file, name, problem));
        return modules.Count > 0
            ? new(folder, config with { RankOrNull = config.RankOrNull ?? modules.Values.Max(module => module.Rank) }, modules)
            {
                Warnings = warnings,
            }
            : throw RunFailure.BadData($"initFrom: {file.Path} has no LoRA factors; save the adapter again.", PeftImport.Field);
    }

    private IEnumerable<AdapterTensorShape> Needed(string module, LinearShape layer)
    {
        LoraMethod method = Config.Registered;
        return method.Tensors(layer, Modules[module].Rank, Config.Options)
            .Where(tensor => !tensor.Shared && method.Peft.Parts.ContainsKey(tensor.Part));
    }

    private static Dictionary<string, PeftModule> Plain(string folder, PeftConfig config, PeftWeights file)
    {
        Dictionary<string, PeftModule> modules = new(StringComparer.Ordinal);
        foreach (string name in file.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            string module = PeftFiles.Module(name)
                ?? throw Failure(file, name, NotAFactor(name));
            if (modules.ContainsKey(module))
            {
                continue;
            }

            IReadOnlyList<long> a = Shape(file, PeftFiles.TensorName(module, AdapterFactor.A));
            IReadOnlyList<long> b = Shape(file, PeftFiles.TensorName(module, AdapterFactor.B));
            if (a[0] != b[1])
            {
                throw Failure(file, name, $"belongs to factors of the ranks {a[0]} and {b[1]}, which must be equal; save it again");
            }

            modules[module] = new((int)a[0], (int)b[0], (int)a[1], config.ScalingOf(module, (int)a[0], folder))
            {
                Shapes = new Dictionary<string, IReadOnlyList<long>> { [AdapterFactor.A.Name()] = a, [AdapterFactor.B.Name()] = b },
            };
        }

        return modules;
    }

    private static string NotAFactor(string name) =>
        name.Contains(".modules_to_save.", StringComparison.Ordinal) || name.EndsWith("embed_tokens.weight", StringComparison.Ordinal)
            || name.EndsWith("lm_head.weight", StringComparison.Ordinal)
            ? "is a weight of the model, which PEFT saves if it was trained or the vocabulary was resized; use an adapter of LoRA factors "
                + "only (in PEFT: save_pretrained with save_embedding_layers=False, if it was not trained)"
            : "is not a factor of PEFT's LoRA (lora_A, lora_B); use an adapter of such factors only, or convert it to PEFT's format";

    private static IReadOnlyList<long> Shape(PeftWeights file, string name)
    {
        if (!file.Tensors.TryGetValue(name, out SafetensorsEntry? entry))
        {
            throw Failure(file, name, "is missing; save the adapter again");
        }

        file.RequireFinite(name);
        return entry.Shape is [> 0 and <= int.MaxValue, > 0 and <= int.MaxValue]
            ? entry.Shape
            : throw Failure(file, name, $"has shape [{string.Join(", ", entry.Shape)}], which is not that of a matrix; use a LoRA adapter");
    }

    private static RunFailure Failure(PeftWeights file, string tensor, string problem) =>
        RunFailure.BadData($"initFrom: tensor '{Excerpt.Of(tensor)}' in {file.Path} {problem}.", PeftImport.Field);
}
