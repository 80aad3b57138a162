using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>LoKr (Yeh et al. 2024, LyCORIS): the update is the Kronecker product of a small and a large matrix.</summary>
public sealed class LokrMethod : LoraMethod<LokrMethod.Options>
{
    private const string First = "lokr_w1";
    private const string Second = "lokr_w2";
    private const string ASuffix = "_a";
    private const string BSuffix = "_b";

    /// <inheritdoc />
    public override PeftLayout Peft { get; } = new(
        "LOKR",
        ((string[])[First, First + ASuffix, First + BSuffix, Second, Second + ASuffix, Second + BSuffix]).ToDictionary(part => part))
    {
        Keys = [.. PeftValues.LycorisKeys, "decompose_both", "decompose_factor", "rank_dropout_scale"],
        Read = config => new(PeftValues.Rank(config), PeftValues.Number(config, "alpha"), new()
        {
            ["decomposeBoth"] = config["decompose_both"]?.DeepClone() ?? false,
            ["decomposeFactor"] = config["decompose_factor"]?.DeepClone() ?? -1,
        }),
        Write = (spec, _) =>
        {
            JsonObject config = PeftValues.Lycoris(spec);
            config["decompose_both"] = Read(spec.MethodOptions).DecomposeBoth;
            config["decompose_factor"] = Read(spec.MethodOptions).DecomposeFactor;
            config["rank_dropout_scale"] = false;
            return config;
        },
    };

    /// <inheritdoc />
    public override IReadOnlyList<AdapterTensorShape> Tensors(LinearShape layer, int rank, JsonObject options)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return Shapes(layer.Out, layer.In, rank, Read(options));
    }

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) =>
        base.Footprint(shape, rank, options) with
        {
            Rank = 0,
            DeltaGraph = 3,
            DeltaMultiple = Split(shape.Out, Read(options).DecomposeFactor).Second,
        };

    /// <inheritdoc />
    public override IEnumerable<FieldError> Problems(RunSpec spec, IReadOnlyList<LinearShape> layers)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return Read(spec.MethodOptions).DecomposeFactor == 0
            ? [new("methodOptions.decomposeFactor", "methodOptions.decomposeFactor must be -1 or at least 1; it is 0.")]
            : [];
    }

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(request);
        return new LokrAdapter(layer.Name, request.Scaling, Shapes(layer.Out, layer.In, request.Rank, Read(options))
            .Select(tensor => (tensor.Part, Stored.Required(stored, $"{layer.Name}.{tensor.Part}", layer))));
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "lokr",
        Name = "LoKr",
        Summary = "The update is the Kronecker product of a small matrix and a larger one, which is low-rank if that is smaller.",
        Formula = "ΔW = s·W₁ ⊗ W₂",
        Trains = "W₁ and W₂, or their factors",
        Start = "W₁ zero, W₂ random: the initial model equals the base model",
        Shapes =
        [
            "y = x·(W + s·W₁ ⊗ W₂)ᵀ, s = α/r, also where neither is low-rank",
            "W [out, in] frozen; out = l·k, in = m·n; W₁ (lokr_w1) [l, m]; W₂ (lokr_w2) [k, n]",
            "f = decomposeFactor splits a width d into (f, d/f) if f divides d; otherwise into (m, d/m), where m is the largest divisor "
                + "of d that is at most √d and, unless f = −1, at most f",
            "W₂ = A·B (lokr_w2_a [k, r], lokr_w2_b [r, n]) if r < max(k, n)/2; W₁ = A·B (lokr_w1_a [l, r], lokr_w1_b [r, m]) only with "
                + "decomposeBoth and if r < max(l, m)/2",
        ],
        Initialization =
        [
            "W₁, or its factor lokr_w1_a: 0, so ΔW = 0 exactly",
            "the others: U(−1/√c, 1/√c) with c the number of columns, which is Kaiming uniform with a = √5, as in PEFT",
        ],
        Parameters = "l·m + min(k·n, r·(k + n)), depending on the options",
        Export = "PEFT's LOKR: the tensors as they are.",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It computes what PEFT computes.",
                "PEFT and LyCORIS are what the field uses."),
            new(
                "Not part of the paper.",
                "s = α/r always, as in PEFT.",
                "Adapters are compared with PEFT's own training."),
            new(
                "Not part of the paper.",
                "dropout and rankStabilized are refused.",
                "PEFT has neither for LoKr; its rank_dropout and module_dropout are other things."),
        ],
        Source = "Yeh et al. 2024, Navigating Text-To-Image Customization: From LyCORIS Fine-Tuning to Model Evaluation",
        Color = "#7d7448",
        DefaultLearningRate = 1e-3,
        UnusedFields = ["rankStabilized", "dropout"],
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options) => new LokrAdapter(
        layer.Name,
        request.Scaling,
        Shapes(layer.Out, layer.In, request.Rank, options).Select((tensor, i) => (tensor.Part, i == 0
            ? Initializers.Zero(tensor.Shape[0], tensor.Shape[1], layer.Device)
            : Initializers.KaimingUniform(
                $"{layer.Name}.{tensor.Part}", request.Seed, tensor.Shape[0], tensor.Shape[1], layer.Device))));

    /// <summary>The two factors of a width; see <see cref="Options.DecomposeFactor"/>.</summary>
    private static (int First, int Second) Split(int width, int factor)
    {
        if (factor > 0 && width % factor == 0)
        {
            return (factor, width / factor);
        }

        int first = (int)Math.Sqrt(width);
        first = factor > 0 ? Math.Min(first, factor) : first;
        while (width % first != 0)
        {
            first--;
        }

        return (first, width / first);
    }

    private static List<AdapterTensorShape> Shapes(int height, int width, int rank, Options options)
    {
        (int l, int k) = Split(height, options.DecomposeFactor);
        (int m, int n) = Split(width, options.DecomposeFactor);
        return
        [
            .. Matrix(First, l, m, factored: options.DecomposeBoth && 2 * rank < Math.Max(l, m)),
            .. Matrix(Second, k, n, factored: 2 * rank < Math.Max(k, n)),
        ];

        IEnumerable<AdapterTensorShape> Matrix(string part, int rows, int columns, bool factored) => factored
            ? [new(part + ASuffix, [rows, rank], Trained: true), new(part + BSuffix, [rank, columns], Trained: true)]
            : [new(part, [rows, columns], Trained: true)];
    }

    /// <summary>Options of <c>lokr</c>.</summary>
    public sealed record Options
    {
        /// <summary>Whether the small matrix may be low-rank too.</summary>
        [MethodOption(
            "Decompose both matrices",
            "Whether the small matrix W₁ is a product of factors of rank r too, where that is smaller.")]
        public bool DecomposeBoth { get; init; }

        /// <summary>Factor of the widths that the small matrix has.</summary>
        [MethodOption(
            "Side of the small matrix",
            "Side of the small matrix W₁ if it divides the width, otherwise its maximum; -1: the largest divisor up to the width's root.",
            Minimum = -1)]
        public int DecomposeFactor { get; init; } = -1;
    }

    private sealed class LokrAdapter : Adapter
    {
        public LokrAdapter(string module, double scaling, IEnumerable<(string Part, Tensor Value)> tensors)
            : base(module, scaling, dropoutRate: 0)
        {
            foreach ((string part, Tensor value) in tensors)
            {
                Add(new(part, value, Trained: true));
            }
        }

        public override ComputedTensors Computed => ComputedTensors.EachPass;

        // Each row of W₁ makes as many rows of the update as W₂ has.
        private long Height => (Find(Second) ?? this[Second + ASuffix]).shape[0];

        public override LayerTensors Compute(LinearLayer layer)
        {
            long height = Height;
            return new()
            {
                WeightUpdate = new((first, rows) => Matrix(First).narrow(0, first / height, rows / height).Times(Scaling)
                    .unsqueeze(1).unsqueeze(3).mul(Matrix(Second).unsqueeze(0).unsqueeze(2)).reshape(rows, layer.In))
                {
                    Multiple = height,
                },
            };
        }

        private Tensor Matrix(string part) => Find(part) ?? this[part + ASuffix].mm(this[part + BSuffix]);
    }
}
