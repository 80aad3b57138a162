using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// VeRA (Kopiczko et al. 2024): all layers share two frozen random factors, of which each takes the rows and columns that it needs; a layer
/// trains a scale for each rank and for each output.
/// </summary>
public sealed class VeraMethod : LoraMethod<VeraMethod.Options>
{
    private const string A = "vera_A";
    private const string B = "vera_B";
    private const string LambdaB = "vera_lambda_b";
    private const string LambdaD = "vera_lambda_d";

    /// <inheritdoc />
    public override bool AllowsLargeRanks => true;

    /// <inheritdoc />
    public override PeftLayout Peft { get; } =
        new("VERA", new Dictionary<string, string> { [LambdaB] = LambdaB, [LambdaD] = LambdaD, [A] = A, [B] = B })
        {
            Shared = [A, B],
            Keys = ["init_weights", "d_initial", "projection_prng_key", "save_projection", "vera_dropout"],
            Read = config => new(
                PeftValues.Rank(config), new RunSpec().Alpha, new() { ["dInitial"] = PeftValues.Number(config, "d_initial", 0.1) }),
            Write = (spec, _) => new()
            {
                ["bias"] = "none",
                ["d_initial"] = Read(spec.MethodOptions).DInitial,
                ["fan_in_fan_out"] = false,
                ["init_weights"] = true,
                ["layers_pattern"] = null,
                ["layers_to_transform"] = PeftValues.Json(spec.LayersToTransform),
                ["projection_prng_key"] = spec.Seed,
                ["r"] = spec.Rank,
                ["save_projection"] = true,
                ["vera_dropout"] = spec.Dropout,
            },
        };

    /// <inheritdoc />
    public override IReadOnlyList<AdapterTensorShape> Tensors(LinearShape layer, int rank, JsonObject options) =>
    [
        new(LambdaB, [layer.Out], Trained: true),
        new(LambdaD, [rank], Trained: true),
        new(A, [rank, layer.In], Trained: false) { Shared = true },
        new(B, [layer.Out, rank], Trained: false) { Shared = true },
    ];

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) =>
        base.Footprint(shape, rank, options) with { PassFactors = (long)rank * (shape.Out + shape.In) };

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(request);
        return new VeraAdapter(
            layer.Name,
            request.DropoutRate,
            Required($"{layer.Name}.{LambdaB}"),
            Required($"{layer.Name}.{LambdaD}"),
            Shared(request, A, () => Required(A)),
            Shared(request, B, () => Required(B)));

        Tensor Required(string name) => Stored.Required(stored, name, layer);
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "vera",
        Name = "VeRA",
        Summary = "All layers share two frozen random factors; each trains a scale per rank and a scale per output.",
        Formula = "ΔW = Λb·B·Λd·A",
        Trains = "λb and λd",
        Start = "λb zero, λd constant: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + λb ∘ ((λd ∘ (drop(x)·A[:, :in]ᵀ))·B[:out]ᵀ); no scaling",
            "W [out, in] frozen; A [r, widest in] and B [widest out, r] frozen, one of each for all layers; λb [out]; λd [r]",
        ],
        Initialization =
        [
            "A and B: U(−√(6/n), √(6/n)), which is Kaiming uniform with n the last axis; drawn one after the other from the run's seed, "
                + "as PEFT does with projection_prng_key",
            "λd: dInitial",
            "λb: 0, so ΔW = 0 exactly",
        ],
        Parameters = "r + out",
        Export = "PEFT's VeRA with the shared factors (save_projection).",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It computes what PEFT computes, which agrees with the authors' definition.",
                "It is the method with the fewest trained parameters of those that are asked for."),
            new(
                "Not part of the paper.",
                "alpha, alphaPattern and rankStabilized are refused.",
                "λb is a trained scale of each output; neither the authors nor PEFT have another."),
            new(
                "Not part of the paper.",
                "rankPattern and excludeModules are refused.",
                "The layers share factors of one rank, and PEFT has no key for excluded modules of VeRA."),
        ],
        Source = "Kopiczko, Blankevoort and Asano 2024, VeRA: Vector-based Random Matrix Adaptation",
        Color = "#159a80",
        DefaultLearningRate = 4e-3,
        UnusedFields = ["alpha", "rankStabilized", "rankPattern", "alphaPattern", "excludeModules"],
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        Device device = layer.Device;
        (int widestOut, int widestIn) = request.Widest(layer);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return new VeraAdapter(
            layer.Name,
            request.DropoutRate,
            zeros(layer.Out, float32, device),
            zeros(request.Rank, float32, device).Fill(options.DInitial),
            Shared(request, A, () => Draw().A.to(device)),
            Shared(request, B, () => Draw().B.to(device)));

        (Tensor A, Tensor B) Draw()
        {
            using Generator generator = new((ulong)request.Seed, CPU);
            return (Kaiming(request.Rank, widestIn), Kaiming(widestOut, request.Rank));

            Tensor Kaiming(long rows, long columns) =>
                empty(rows, columns, float32).uniform_(-Math.Sqrt(6.0 / columns), Math.Sqrt(6.0 / columns), generator);
        }
    }

    private static Tensor Shared(AdapterRequest request, string name, Func<Tensor> create) =>
        request.Shared is SharedTensors shared ? shared.Get(name, create) : create();

    /// <summary>Options of <c>vera</c>.</summary>
    public sealed record Options
    {
        /// <summary>Initial λd.</summary>
        [MethodOption("Initial λd", "Initial value of λd, the scale of each rank.", Minimum = 1e-12, Maximum = 10)]
        public double DInitial { get; init; } = 0.1;
    }

    private sealed class VeraAdapter : Adapter
    {
        public VeraAdapter(string module, double dropoutRate, Tensor lambdaB_O, Tensor lambdaD_R, Tensor a_RI, Tensor b_OR)
            : base(module, scaling: 1, dropoutRate)
        {
            Add(new(LambdaB, lambdaB_O, Trained: true));
            Add(new(LambdaD, lambdaD_R, Trained: true));
            Add(new(A, a_RI, Trained: false) { Shared = true });
            Add(new(B, b_OR, Trained: false) { Shared = true });
        }

        // As large as the factors of a LoRA adapter, of which a block's exist at a time.
        public override ComputedTensors Computed => ComputedTensors.EachPass;

        public override LayerTensors Compute(LinearLayer layer) => new()
        {
            A_RI = this[A].narrow(1, 0, layer.In).mul(this[LambdaD].unsqueeze(1)),
            B_OR = this[B].narrow(0, 0, layer.Out).mul(this[LambdaB].unsqueeze(1)),
        };
    }
}
