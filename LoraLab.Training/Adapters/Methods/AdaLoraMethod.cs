using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Pruning;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// AdaLoRA (Zhang et al. 2023): a triplet is a column of B, an entry of E and a row of A. The least important triplets of all layers are
/// pruned along a schedule, so that layers that matter more keep higher ranks.
/// </summary>
public sealed class AdaLoraMethod : LoraMethod<AdaLoraMethod.Options>
{
    private const string E = "lora_E";
    private const double InitialDeviation = 0.02;

    /// <inheritdoc />
    public override PeftLayout Peft { get; } = new(
        "ADALORA", new Dictionary<string, string> { ["lora_A"] = "lora_A", ["lora_B"] = "lora_B", [E] = E })
    {
        Keys = ["init_r", "target_r", "tinit", "tfinal", "deltaT", "beta1", "beta2", "orth_reg_weight", "total_step"],
        Pruned = true,
        Read = config => new((int?)config["init_r"] ?? 0, (double?)config["lora_alpha"] ?? 0, []),
        Write = Configuration,
    };

    /// <inheritdoc />
    public override IReadOnlyList<AdapterTensorShape> Tensors(LinearShape shape, int rank, JsonObject options) =>
        [.. base.Tensors(shape, rank, options), new(E, [rank, 1], Trained: true)];

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options)
    {
        AdapterFootprint footprint = base.Footprint(shape, rank, options);
        // diag(E)·A is kept for the window.
        return footprint with { State = (2 * footprint.Trained) + rank, WindowValues = (long)rank * shape.In };
    }

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored)
    {
        return new Layer(layer, request, Required(AdapterFactor.A.Name()), Required(AdapterFactor.B.Name()), Required(E));

        Tensor Required(string part) => stored($"{layer.Name}.{part}")?.to(layer.Device)
            ?? throw new KeyNotFoundException($"There is no tensor '{layer.Name}.{part}'.");
    }

    /// <inheritdoc />
    public override JsonObject OptionsOfSmallerRank(JsonObject options, int rank)
    {
        Options given = Read(options);
        return given.TargetRank > rank ? ToJson(given with { TargetRank = Math.Max(rank / 2, 1) }) : options;
    }

    /// <inheritdoc />
    public override StepHooks Hooks(RunSpec spec, IReadOnlyList<Adapter> adapters, int steps) =>
        new TripletAllocation(Pruning(Complete(Read(spec.MethodOptions), spec, steps, []), steps), adapters);

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "adalora",
        Name = "AdaLoRA",
        Summary = "Starts with a higher rank and prunes the least important triplets of all layers down to a common budget.",
        Formula = "ΔW = α/(r + 10⁻⁵)·B·diag(E)·A",
        Trains = "A, B and E",
        Start = "A and B random, E zero: the initial model equals the base model",
        Shapes =
        [
            "y = x·Wᵀ + α/(r + 10⁻⁵)·((drop(x)·Aᵀ) ∘ Eᵀ)·Bᵀ, r the starting rank",
            "W [out, in] frozen; A [r, in]; E [r, 1]; B [out, r]",
            "loss + orthogonalWeight · the mean over all A and B of ‖A·Aᵀ − I‖ and ‖Bᵀ·B − I‖ (Frobenius, not squared)",
            "after step t (from 0) while t < T − tFinal, for each value p: I = ǀp·∇pǀ, Ī ← β₁·Ī + (1 − β₁)·I, Ū ← β₂·Ū + (1 − β₂)·ǀI − Īǀ",
            "score of a triplet: Ī·Ū of its E, plus the mean of Ī·Ū over its row of A and over its column of B",
            "where tInit < t < T − tFinal and deltaT divides t, E of the lowest scores becomes 0, so that b = "
                + "(b₀ − b₁)·(1 − (t − tInit)/(T − tFinal − tInit))³ + b₁ triplets remain; b₀ = r and b₁ = targetRank times the layers",
            "at t = T − tFinal, b₁ triplets remain; the others are 0 from then on",
        ],
        Initialization = ["A and B: N(0, 0.02²)", "E: 0, so ΔW = 0 exactly"],
        Parameters = "r·(in + out + 1)",
        Export = "A, B and E of the triplets that remain, with the ranks of the layers (rank_pattern).",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It follows PEFT: scaling, importance, schedule and regularization are those of its AdaLoRA.",
                "Its trajectories and the ranks of each step are reproduced."),
            new(
                "Not part of the paper.",
                "Both follow the update of every step; the importance uses the clipped gradient with the regularization.",
                "This is what PEFT computes if update_and_allocate is called after the optimizer's step."),
            new(
                "Not part of the paper.",
                "Without them, tInit is 10% of the steps, tFinal 30%, and the target half the rank.",
                "A schedule must fit the run: one that is longer is refused."),
            new(
                "Not part of the paper.",
                "So they are here; only the last pruning is final.",
                "PEFT and the authors' code do so too."),
        ],
        Source = "Zhang et al. 2023, AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning",
        Color = "#8b8c12",
        DefaultLearningRate = 1e-3,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Options Complete(Options options, RunSpec spec, int steps, ICollection<FieldError> errors)
    {
        int initial = options.TInit ?? steps / 10;
        int final = options.TFinal ?? Math.Min(Math.Max(steps * 3 / 10, 1), steps - 1);
        Options complete = options with { TargetRank = options.TargetRank ?? Math.Max(spec.Rank / 2, 1), TInit = initial, TFinal = final };
        if (spec.RankStabilized)
        {
            errors.Add(new(
                "rankStabilized",
                "rankStabilized cannot be used with adalora: PEFT's AdaLoRA ignores use_rslora, its scaling is alpha over the starting "
                    + "rank, whatever remains of it; omit it and set alpha."));
        }

        // The target is a mean over the layers: how many of them a pattern matches is known only with the model (Problems).
        if (spec.RankPattern is null && complete.TargetRank > spec.Rank)
        {
            errors.Add(TooHigh(complete.TargetRank.Value, $"the starting rank {spec.Rank} (rank)"));
        }

        if (initial >= steps - final)
        {
            errors.Add(new(
                options.TInit is null ? "methodOptions.tFinal" : "methodOptions.tInit",
                $"methodOptions.tInit ({initial}) and tFinal ({final}) must leave steps between them, but the run has {steps}; lower them "
                    + "or train longer."));
        }

        return complete;
    }

    /// <inheritdoc />
    public override IEnumerable<FieldError> RankProblems(RunSpec spec, IReadOnlyList<int> ranks)
    {
        double mean = ranks.Average();
        int target = Read(spec.MethodOptions).TargetRank ?? Math.Max(spec.Rank / 2, 1);
        return spec.RankPattern is not null && target > mean
            ? [TooHigh(target, $"the mean starting rank {mean.ToString("0.##", CultureInfo.InvariantCulture)} of the layers (rankPattern)")]
            : [];
    }

    private static TripletPruning Pruning(Options options, int steps) => new()
    {
        FirstStep = options.TInit!.Value,
        LastStep = steps - options.TFinal!.Value,
        Interval = options.DeltaT,
        TargetRank = options.TargetRank!.Value,
        MeanWeight = options.Beta1,
        UncertaintyWeight = options.Beta2,
        OrthogonalWeight = options.OrthogonalWeight,
    };

    private static FieldError TooHigh(int target, string starting) =>
        new("methodOptions.targetRank", $"methodOptions.targetRank must be at most {starting}; it is {target}.");

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        Device device = layer.Device;
        return new Layer(
            layer,
            request,
            Random(AdapterFactor.A, request.Rank, layer.In),
            Random(AdapterFactor.B, layer.Out, request.Rank),
            Initializers.Zero(request.Rank, 1, device));

        Tensor Random(AdapterFactor factor, int rows, int columns) =>
            Initializers.Gaussian(factor.NameIn(layer.Name), request.Seed, rows, columns, InitialDeviation, device);
    }

    private static JsonObject Configuration(RunSpec spec, IReadOnlyList<Adapter> adapters)
    {
        Options options = Read(spec.MethodOptions);
        bool pruned = adapters.Any(adapter => ((Layer)adapter).Kept.Contains(false));
        return new()
        {
            ["alpha_pattern"] = new JsonObject(),
            ["beta1"] = options.Beta1,
            ["beta2"] = options.Beta2,
            ["bias"] = "none",
            ["deltaT"] = options.DeltaT,
            ["fan_in_fan_out"] = false,
            ["init_lora_weights"] = true,
            ["init_r"] = spec.Rank,
            ["lora_alpha"] = spec.Alpha,
            ["lora_dropout"] = spec.Dropout,
            ["orth_reg_weight"] = options.OrthogonalWeight,
            // PEFT's default; it has no effect.
            ["r"] = 8,
            ["rank_pattern"] = pruned
                ? new JsonObject(adapters.Select(adapter => KeyValuePair.Create(
                    $"{adapter.Module}.{E}",
                    (JsonNode?)new JsonArray([.. ((Layer)adapter).Kept.Select(kept => JsonValue.Create(kept))]))))
                : null,
            ["target_r"] = options.TargetRank,
            ["tfinal"] = options.TFinal,
            ["tinit"] = options.TInit,
            // Needed to continue in PEFT; the schedule is over.
            ["total_step"] = spec.MaxSteps ?? spec.ScheduleSteps,
            ["use_dora"] = false,
            ["use_rslora"] = false,
        };
    }

    /// <summary>Options of <c>adalora</c>.</summary>
    public sealed record Options
    {
        /// <summary>Mean rank of the layers at the end.</summary>
        [MethodOption(
            "Target rank",
            "Mean rank of the layers at the end; half the starting rank by default.", Minimum = 1, Maximum = 65536)]
        public int? TargetRank { get; init; }

        /// <summary>Steps before the first pruning.</summary>
        [MethodOption("Steps before pruning", "Steps before the first pruning; 10% of the steps by default.", Minimum = 0)]
        public int? TInit { get; init; }

        /// <summary>Steps after the last pruning.</summary>
        [MethodOption("Steps after pruning", "Steps after the last pruning; 30% of the steps by default.", Minimum = 0)]
        public int? TFinal { get; init; }

        /// <summary>Steps between two prunings.</summary>
        [MethodOption("Steps between prunings", "Steps between two prunings.", Minimum = 1)]
        public int DeltaT { get; init; } = 1;

        /// <summary>β₁.</summary>
        [MethodOption("Smoothing of importance (β₁)", "β₁: weight of the past in the mean importance.", Minimum = 0, Maximum = 1)]
        public double Beta1 { get; init; } = 0.85;

        /// <summary>β₂.</summary>
        [MethodOption(
            "Smoothing of uncertainty (β₂)",
            "β₂: weight of the past in the uncertainty of the importance.", Minimum = 0, Maximum = 1)]
        public double Beta2 { get; init; } = 0.85;

        /// <summary>Weight of the regularization.</summary>
        [MethodOption("Orthogonality weight", "Weight of the regularization that keeps A and B orthogonal.", Minimum = 0, Maximum = 1000)]
        public double OrthogonalWeight { get; init; } = 0.5;
    }

    /// <summary>A layer computes with diag(E)·A and B. The scaling has the starting rank, whatever rank the tensors have.</summary>
    private sealed class Layer : Adapter
    {
        public Layer(LinearLayer layer, AdapterRequest request, Tensor a_RI, Tensor b_OR, Tensor e_R1)
            : base(layer.Name, request.Scaling * request.Rank / (request.Rank + 1e-5), request.DropoutRate)
        {
            Add(new(AdapterFactor.A.Name(), a_RI, Trained: true));
            Add(new(AdapterFactor.B.Name(), b_OR, Trained: true));
            Add(new(E, e_R1, Trained: true));
        }

        public override ComputedTensors Computed => ComputedTensors.EachWindow;

        /// <summary>Which triplets have an effect.</summary>
        public IReadOnlyList<bool> Kept
        {
            get
            {
                using IDisposable noGrad = no_grad();
                float[] values = TensorReader.Floats(this[E]);
                return [.. values.Select(value => value != 0)];
            }
        }

        /// <inheritdoc />
        public override IReadOnlyList<AdapterTensor> OnOriginalBase()
        {
            Device device = this[E].device;
            long[] places = [.. Kept.Select((kept, place) => (kept, place)).Where(pair => pair.kept).Select(pair => (long)pair.place)];
            using Tensor kept = tensor(places, device: device);
            return
            [
                .. Tensors.Select(part => part with
                {
                    Value = part.Value.index_select(part.Part == AdapterFactor.B.Name() ? 1 : 0, kept),
                }),
            ];
        }

        public override LayerTensors Compute(LinearLayer layer) =>
            new() { A_RI = this[AdapterFactor.A.Name()].mul(this[E]), B_OR = this[AdapterFactor.B.Name()] };
    }
}
