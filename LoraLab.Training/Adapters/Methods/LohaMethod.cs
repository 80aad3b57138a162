using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoHa (Hyeon-Woo et al. 2022, LyCORIS): the update is the elementwise product of two products of factors.</summary>
public sealed class LohaMethod : LoraMethod<NoOptions>
{
    private const string FirstA = "hada_w1_a";
    private const string FirstB = "hada_w1_b";
    private const string SecondA = "hada_w2_a";
    private const string SecondB = "hada_w2_b";

    /// <inheritdoc />
    public override PeftLayout Peft { get; } = new("LOHA", new Dictionary<string, string>
    {
        [FirstA] = FirstA,
        [FirstB] = FirstB,
        [SecondA] = SecondA,
        [SecondB] = SecondB,
    })
    {
        Keys = PeftValues.LycorisKeys,
        Read = config => new(PeftValues.Rank(config), PeftValues.Number(config, "alpha"), []),
        Write = (spec, _) => PeftValues.Lycoris(spec),
    };

    /// <inheritdoc />
    public override IReadOnlyList<AdapterTensorShape> Tensors(LinearShape layer, int rank, JsonObject options) =>
    [
        new(FirstA, [layer.Out, rank], Trained: true),
        new(FirstB, [rank, layer.In], Trained: true),
        new(SecondA, [layer.Out, rank], Trained: true),
        new(SecondB, [rank, layer.In], Trained: true),
    ];

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options)
    {
        ArgumentNullException.ThrowIfNull(shape);
        AdapterFootprint footprint = base.Footprint(shape, rank, options);
        return HasFactors(shape.Out, shape.In, rank)
            ? footprint with { Rank = rank * rank, PassFactors = (long)rank * rank * (shape.Out + shape.In) }
            : footprint with { Rank = 0, DeltaGraph = 5 };
    }

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(request);
        return new LohaAdapter(layer.Name, request.Scaling, Value(FirstA), Value(FirstB), Value(SecondA), Value(SecondB));

        Tensor Value(string part) => Stored.Required(stored, $"{layer.Name}.{part}", layer);
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "loha",
        Name = "LoHa",
        Summary = "The update is the elementwise product of two low-rank products, whose rank is up to r².",
        Formula = "ΔW = s·(A₁·B₁) ∘ (A₂·B₂)",
        Trains = "A₁, B₁, A₂ and B₂",
        Start = "B₂ zero, the others random: the initial model equals the base model",
        Shapes =
        [
            "y = x·(W + s·(A₁·B₁) ∘ (A₂·B₂))ᵀ, s = α/r",
            "W [out, in] frozen; A₁, A₂ (hada_w1_a, hada_w2_a) [out, r]; B₁, B₂ (hada_w1_b, hada_w2_b) [r, in]",
        ],
        Initialization =
        [
            "A₁, A₂: U(−1/√r, 1/√r); B₁: U(−1/√in, 1/√in); each is Kaiming uniform with a = √5, as in PEFT",
            "B₂: 0, so ΔW = 0 exactly",
        ],
        Parameters = "2r·(in + out)",
        Export = "PEFT's LOHA: the four factors as they are.",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It computes what PEFT computes.",
                "PEFT and LyCORIS are what the field uses; they agree on the update and scale it by α/r."),
            new(
                "Not part of the paper.",
                "dropout and rankStabilized are refused.",
                "PEFT has neither for LoHa; its rank_dropout and module_dropout are other things."),
            new(
                "Not part of the paper.",
                "They are drawn as PEFT draws them.",
                "Adapters are compared with PEFT's own training."),
        ],
        Source = "Hyeon-Woo, Ye-Bin and Oh 2022, FedPara: Low-Rank Hadamard Product for Communication-Efficient Federated Learning",
        Color = "#a3830f",
        DefaultLearningRate = 1e-3,
        UnusedFields = ["rankStabilized", "dropout"],
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, NoOptions options)
    {
        (int rank, Device device) = (request.Rank, layer.Device);
        return new LohaAdapter(
            layer.Name,
            request.Scaling,
            Kaiming(FirstA, layer.Out, rank),
            Kaiming(FirstB, rank, layer.In),
            Kaiming(SecondA, layer.Out, rank),
            Initializers.Zero(rank, layer.In, device));

        Tensor Kaiming(string part, int rows, int columns) =>
            Initializers.KaimingUniform($"{layer.Name}.{part}", request.Seed, rows, columns, device);
    }

    /// <summary>
    /// Whether a layer computes with factors of rank r², whose product the elementwise product of two products of rank r is: they cost
    /// r²(in + out) per token in the forward pass and twice that in the backward pass, the update itself in · out for its gradient.
    /// </summary>
    private static bool HasFactors(long height, long width, long rank) => 3 * rank * rank * (height + width) <= height * width;

    private sealed class LohaAdapter : Adapter
    {
        public LohaAdapter(string module, double scaling, Tensor firstA_OR, Tensor firstB_RI, Tensor secondA_OR, Tensor secondB_RI)
            : base(module, scaling, dropoutRate: 0)
        {
            Add(new(FirstA, firstA_OR, Trained: true));
            Add(new(FirstB, firstB_RI, Trained: true));
            Add(new(SecondA, secondA_OR, Trained: true));
            Add(new(SecondB, secondB_RI, Trained: true));
        }

        public override ComputedTensors Computed => ComputedTensors.EachPass;

        public override LayerTensors Compute(LinearLayer layer)
        {
            (Tensor firstA_OR, Tensor firstB_RI, Tensor secondA_OR, Tensor secondB_RI) =
                (this[FirstA], this[FirstB], this[SecondA], this[SecondB]);
            long rank = firstB_RI.shape[0];
            return HasFactors(layer.Out, layer.In, rank)
                ? new()
                {
                    A_RI = firstB_RI.unsqueeze(1).mul(secondB_RI.unsqueeze(0)).reshape(rank * rank, layer.In),
                    B_OR = firstA_OR.unsqueeze(2).mul(secondA_OR.unsqueeze(1)).reshape(layer.Out, rank * rank),
                }
                : new()
                {
                    WeightUpdate = new((first, rows) => firstA_OR.narrow(0, first, rows).Times(Scaling).mm(firstB_RI)
                        .mul(secondA_OR.narrow(0, first, rows).mm(secondB_RI))),
                };
        }
    }
}
