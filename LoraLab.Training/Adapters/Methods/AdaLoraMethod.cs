using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
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

        Tensor Required(string part) => stored($"{layer.Name}.{part}")?.to(layer.Weight_OI.device)
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
        new Allocation(Complete(Read(spec.MethodOptions), spec, steps, []), steps, adapters);

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
        Color = "#bcbd22",
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

    private static FieldError TooHigh(int target, string starting) =>
        new("methodOptions.targetRank", $"methodOptions.targetRank must be at most {starting}; it is {target}.");

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        Device device = layer.Weight_OI.device;
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
        [MethodOption("Mean rank of the layers at the end; half the starting rank by default.", Minimum = 1, Maximum = 65536)]
        public int? TargetRank { get; init; }

        /// <summary>Steps before the first pruning.</summary>
        [MethodOption("Steps before the first pruning; 10% of the steps by default.", Minimum = 0)]
        public int? TInit { get; init; }

        /// <summary>Steps after the last pruning.</summary>
        [MethodOption("Steps after the last pruning; 30% of the steps by default.", Minimum = 0)]
        public int? TFinal { get; init; }

        /// <summary>Steps between two prunings.</summary>
        [MethodOption("Steps between two prunings.", Minimum = 1)]
        public int DeltaT { get; init; } = 1;

        /// <summary>β₁.</summary>
        [MethodOption("β₁: weight of the past in the mean importance.", Minimum = 0, Maximum = 1)]
        public double Beta1 { get; init; } = 0.85;

        /// <summary>β₂.</summary>
        [MethodOption("β₂: weight of the past in the uncertainty of the importance.", Minimum = 0, Maximum = 1)]
        public double Beta2 { get; init; } = 0.85;

        /// <summary>Weight of the regularization.</summary>
        [MethodOption("Weight of the regularization that keeps A and B orthogonal.", Minimum = 0, Maximum = 1000)]
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

    /// <summary>A trained tensor with its mean importance and the uncertainty of that.</summary>
    private sealed record Rated(string Name, Tensor Value, Tensor Importance, Tensor Uncertainty)
    {
        public static Rated Of(AdapterParameter parameter) =>
            new(parameter.Name, parameter.Value, Zero(parameter.Value), Zero(parameter.Value));

        public void Update(Options options, Tensor gradientFactor, Tensor skipped)
        {
            Tensor now = Value.mul(Value.grad!).div(gradientFactor).abs();
            Tensor importance = Importance.Times(options.Beta1).Plus(now.Times(1 - options.Beta1));
            Tensor change = now.sub(importance).abs();
            Tensor uncertainty = Uncertainty.Times(options.Beta2).Plus(change.Times(1 - options.Beta2));
            Importance.copy_(where(skipped, Importance, importance));
            Uncertainty.copy_(where(skipped, Uncertainty, uncertainty));
        }

        public Tensor Score() => Importance.mul(Uncertainty);

        private static Tensor Zero(Tensor like) => zeros_like(like).requires_grad_(false).DetachFromDisposeScope();
    }

    /// <summary>The triplets of a layer; <paramref name="Kept_R1"/> is 1 where the last pruning left them.</summary>
    private sealed record Triplets(Rated A, Rated B, Rated E, Tensor Kept_R1)
    {
        public IEnumerable<Rated> All => [A, B, E];

        public Tensor Scores() => E.Score().flatten().Plus(A.Score().mean([1])).Plus(B.Score().mean([0]));
    }

    /// <summary>Keeps A and B orthogonal, rates the triplets, and prunes them.</summary>
    private sealed class Allocation : StepHooks
    {
        private readonly Options _options;
        private readonly int _first, _last;
        private readonly long _start, _target;
        private readonly List<Triplets> _layers;

        public Allocation(Options options, int steps, IReadOnlyList<Adapter> adapters)
        {
            _options = options;
            (_first, _last) = (options.TInit!.Value, steps - options.TFinal!.Value);
            (_start, _target) = (adapters.Sum(adapter => adapter[E].numel()), (long)options.TargetRank!.Value * adapters.Count);
            _layers =
            [
                .. adapters.Select(adapter =>
                {
                    Rated[] rated = [.. adapter.Trainable.Select(Rated.Of)];
                    return new Triplets(rated[0], rated[1], rated[2], ones_like(rated[2].Importance).DetachFromDisposeScope());
                }),
            ];
        }

        public override IEnumerable<KeyValuePair<string, Tensor>> State => _layers.SelectMany(layer =>
            layer.All.SelectMany(rated => (KeyValuePair<string, Tensor>[])
            [
                new(rated.Name + ".importance", rated.Importance), new(rated.Name + ".uncertainty", rated.Uncertainty),
            ]).Append(new(layer.E.Name + ".kept", layer.Kept_R1)));

        public override void AddGradients(double lossScale)
        {
            double weight = lossScale * _options.OrthogonalWeight / (2 * _layers.Count);
            foreach (Triplets layer in _layers)
            {
                // The gradient of ‖A·Aᵀ − I‖ is 2·(A·Aᵀ − I)·A / ‖A·Aᵀ − I‖.
                (Tensor a_RI, Tensor b_OR) = (layer.A.Value, layer.B.Value);
                a_RI.grad!.PlusInPlace(Direction(a_RI.mm(a_RI.t())).Times(2 * weight).mm(a_RI));
                b_OR.grad!.PlusInPlace(b_OR.mm(Direction(b_OR.t().mm(b_OR)).Times(2 * weight)));
            }
        }

        public override void AfterUpdate(int step, Tensor gradientFactor, Tensor skipped)
        {
            int t = step - 1;
            Tensor skip = skipped.to(@bool);
            if (t < _last)
            {
                foreach (Rated rated in _layers.SelectMany(layer => layer.All))
                {
                    rated.Update(_options, gradientFactor, skip);
                }
            }

            if (t == _last || (t > _first && t < _last && t % _options.DeltaT == 0))
            {
                Prune(t == _last ? _target : Budget(t), skip);
            }
            else if (t > _last)
            {
                foreach (Triplets layer in _layers)
                {
                    Keep(layer, skip);
                }
            }
        }

        public override IReadOnlyDictionary<string, double> Metrics()
        {
            double mean = _layers.Average(Rank);
            // Before the first step, every E is zero.
            return mean == 0 ? base.Metrics() : new Dictionary<string, double> { [MetricKeys.AdapterRank] = mean };
        }

        public override string? Describe()
        {
            (string Layer, long Rank)[] ranks = [.. _layers.Select(layer => (layer.E.Name.Split('.')[^2], Rank(layer)))];
            IEnumerable<string> byLayer = ranks.GroupBy(pair => pair.Layer, (layer, pairs) =>
                $"{layer} {string.Join(' ', pairs.Select(pair => pair.Rank))}");
            long left = ranks.Sum(pair => pair.Rank);
            // Before the first step, every E is zero.
            return left == 0 ? null : $"{left} of {_start} triplets: {string.Join("; ", byLayer)}";
        }

        private static long Rank(Triplets layer) => TensorReader.Floats(layer.E.Value).LongCount(value => value != 0);

        // (C − I) / ‖C − I‖; 0 where C = I.
        private static Tensor Direction(Tensor gram_RR)
        {
            gram_RR.diagonal().PlusInPlace(-1);
            return gram_RR.div(gram_RR.mul(gram_RR).sum().sqrt().PlusInPlace(1e-30));
        }

        private long Budget(int t)
        {
            double left = 1 - ((double)(t - _first) / (_last - _first));
            return (long)(((_start - _target) * Math.Pow(left, 3)) + _target);
        }

        // Removes as many triplets as exceed the budget, and with them those of the same score as the last of them.
        private void Prune(long budget, Tensor skip)
        {
            if (budget >= _start)
            {
                return;
            }

            Tensor[] scores = [.. _layers.Select(layer => layer.Scores())];
            (Tensor threshold, _) = cat(scores).kthvalue(_start - budget, 0);
            foreach ((Triplets layer, Tensor score_R) in _layers.Zip(scores))
            {
                Tensor kept_R1 = score_R.gt(threshold).to(float32).unsqueeze(1);
                layer.Kept_R1.copy_(where(skip, layer.Kept_R1, kept_R1));
                Keep(layer, skip);
            }
        }

        private static void Keep(Triplets layer, Tensor skip) =>
            layer.E.Value.copy_(where(skip, layer.E.Value, layer.E.Value.mul(layer.Kept_R1)));
    }
}
