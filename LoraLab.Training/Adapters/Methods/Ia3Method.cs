using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>(IA)³ (Liu et al. 2022): trains a scale of each output of a layer, or of each input of a feed-forward layer.</summary>
public sealed class Ia3Method : LoraMethod<Ia3Method.Options>
{
    private const string L = "ia3_l";

    /// <inheritdoc />
    public override PeftLayout Peft { get; } = new("IA3", new Dictionary<string, string> { [L] = L })
    {
        Keys = ["feedforward_modules", "init_ia3_weights"],
        // Rank and alpha are those of a specification that states none.
        Read = config => new(new RunSpec().Rank, new RunSpec().Alpha, new()
        {
            ["feedforwardModules"] = config["feedforward_modules"] switch
            {
                null => new JsonArray(),
                JsonValue name => new JsonArray(name.DeepClone()),
                JsonNode names => names.DeepClone(),
            },
        }),
        Write = (spec, adapters) => new()
        {
            ["exclude_modules"] = PeftValues.Json(spec.ExcludeModules),
            ["fan_in_fan_out"] = false,
            ["feedforward_modules"] = PeftValues.Json(Read(spec.MethodOptions).FeedforwardModules
                .Where(name => adapters.Any(adapter => adapter.Module.EndsWith("." + name, StringComparison.Ordinal)))),
            ["init_ia3_weights"] = true,
        },
    };

    /// <inheritdoc />
    public override IReadOnlyList<AdapterTensorShape> Tensors(LinearShape layer, int rank, JsonObject options)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return [new(L, Shape(layer, Read(options)), Trained: true)];
    }

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) =>
        base.Footprint(shape, rank, options) with { Rank = 0, DeltaGraph = 2 };

    /// <inheritdoc />
    public override IEnumerable<FieldError> Problems(RunSpec spec, IReadOnlyList<LinearShape> layers)
    {
        string[] targets = [.. layers.Select(layer => layer.Name)];
        IReadOnlyList<string> given = Read(spec.MethodOptions).FeedforwardModules;
        return given.SequenceEqual(new Options().FeedforwardModules)
            ? []
            : given.Where(name => !targets.Contains(name)).Select(name => new FieldError(
                "methodOptions.feedforwardModules",
                $"methodOptions.feedforwardModules: '{Excerpt.Of(name)}' is not among the layers that receive an adapter; choose from "
                    + $"{string.Join(", ", targets)}."));
    }

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return new Ia3Adapter(layer.Name, Stored.Required(stored, $"{layer.Name}.{L}", layer));
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "ia3",
        Name = "(IA)³",
        Summary = "Trains a scale of each output of a layer, or of each input of a feed-forward layer.",
        Formula = "ΔW = (l − 1) ∘ W",
        Trains = "l",
        Start = "l one: the initial model equals the base model",
        Shapes =
        [
            "y = l ∘ (x·Wᵀ + b); a feed-forward module: y = (l ∘ x)·Wᵀ + b",
            "W [out, in] and b [out] frozen; l [out, 1], of a feed-forward module [1, in]",
        ],
        Initialization = ["l: 1, so ΔW = 0 exactly"],
        Parameters = "out, of a feed-forward module in",
        Export = "PEFT's IA3: l as it is.",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It computes what PEFT computes, which agrees with the authors' definition.",
                "It is the method with the fewest trained parameters after VeRA, and has no hyper-parameter but the learning rate."),
            new(
                "Not part of the paper.",
                "rank, alpha, their patterns, rankStabilized, dropout and layersToTransform are refused.",
                "A vector has no rank, its values are the scale, and PEFT has neither dropout nor a choice of layers for it."),
            new(
                "Not part of the paper.",
                "targetModules decides as for every method; the authors scale k_proj, v_proj and down_proj.",
                "Runs of different methods on the same layers are comparable."),
        ],
        Source = "Liu et al. 2022, Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning",
        Color = "#6b6ecf",
        DefaultLearningRate = 3e-3,
        UnusedFields = ["rank", "alpha", "rankStabilized", "dropout", "rankPattern", "alphaPattern", "layersToTransform"],
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options) => new Ia3Adapter(
        layer.Name, ones(Shape(new LinearShape(layer.ShortName, layer.Out, layer.In), options), float32, layer.Device));

    private static long[] Shape(LinearShape layer, Options options) =>
        options.FeedforwardModules.Contains(layer.Name) ? [1, layer.In] : [layer.Out, 1];

    /// <summary>Options of <c>ia3</c>.</summary>
    public sealed record Options
    {
        /// <summary>Layers whose input is scaled.</summary>
        [MethodOption(
            "Feed-forward modules",
            "Layers whose input is scaled instead of their output; by default the down projection of the MLP.")]
        public IReadOnlyList<string> FeedforwardModules { get; init; } = ["down_proj"];
    }

    private sealed class Ia3Adapter : Adapter
    {
        public Ia3Adapter(string module, Tensor l)
            : base(module, scaling: 1, dropoutRate: 0) => Add(new(L, l, Trained: true));

        public override ComputedTensors Computed => ComputedTensors.EachPass;

        public override LayerTensors Compute(LinearLayer layer)
        {
            bool scalesOutput = this[L].shape[1] == 1;
            return new()
            {
                WeightUpdate = new((first, rows) => (scalesOutput ? this[L].narrow(0, first, rows) : this[L]).Plus(-1.0)
                    .mul(layer.Rows(first, rows).to(this[L].dtype))),
                BiasDelta_O = scalesOutput && layer.Bias_O is Tensor bias_O
                    ? this[L].Plus(-1.0).squeeze(1).mul(bias_O.to(this[L].dtype))
                    : null,
            };
        }
    }
}
