using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Methods;

/// <summary>
/// DoRA (Liu et al. 2024): the rows of W + s·B·A give the direction of each output's weights and a trained vector m their length.
/// </summary>
public sealed class DoraMethod : LoraMethod<DoraMethod.Options>
{
    private const string Magnitude = "lora_magnitude_vector";
    private static readonly PissaMethod _pissa = new();

    /// <summary>Initial A and B.</summary>
    public enum Start
    {
        /// <summary>A ~ U(±1/√in), B zero, as in the authors' code and PEFT.</summary>
        Kaiming,

        /// <summary>A ~ N(0, 1/r²), B zero.</summary>
        Gaussian,

        /// <summary>The principal components of W, which are subtracted from it, as in PiSSA.</summary>
        Pissa,
    }

    /// <inheritdoc />
    public override PeftLayout Peft { get; } = PeftLayout.Lora with
    {
        Parts = new Dictionary<string, string>(PeftLayout.Lora.Parts) { [Magnitude] = Magnitude },
        Keys = ["use_dora"],
        Read = config => config["use_dora"]?.GetValue<bool>() == true
            ? new((int?)config["r"] ?? 0, (double?)config["lora_alpha"] ?? 0, [])
            {
                RankStabilized = (bool?)config["use_rslora"] == true,
            }
            : null,
        Write = (_, _) => new() { ["use_dora"] = true },
    };

    /// <inheritdoc />
    public override string? InitializationIn(JsonObject options) =>
        Read(options).Init == Start.Pissa ? _pissa.InitializationIn(PissaOptions(Read(options))) : null;

    /// <inheritdoc />
    public override double LearningRate(RunSpec spec, string part)
    {
        double rate = base.LearningRate(spec, part);
        return part == AdapterFactor.B.Name() ? spec.LearningRateB ?? rate : rate;
    }

    /// <inheritdoc />
    public override IEnumerable<string> Warnings(RunSpec spec) => spec.Dropout > 0 && Read(spec.MethodOptions).Init == Start.Pissa
        ? ["dropout with init pissa drops principal components of the weight; the authors of PiSSA use 0."]
        : [];

    /// <inheritdoc />
    public override IReadOnlyList<AdapterTensorShape> Tensors(LinearShape shape, int rank, JsonObject options) =>
    [
        .. base.Tensors(shape, rank, options),
        new(Magnitude, [shape.Out], Trained: true),
        .. Read(options).Init == Start.Pissa ? _pissa.Tensors(shape, rank, []).Where(tensor => !tensor.Trained) : [],
    ];

    /// <inheritdoc />
    public override AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) =>
        base.Footprint(shape, rank, options) with
        {
            ScalesOutput = true,
            ReplacesWeight = Read(options).Init == Start.Pissa,
            WindowValues = shape.Out,
        };

    /// <inheritdoc />
    public override Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored)
    {
        LowRankAdapter start = AdapterFactors.Rebuild(layer, request, inBranch: false, stored);
        string name = $"{layer.Name}.{Magnitude}";
        Tensor magnitude_O = stored(name)?.to(layer.Device)
            ?? throw new KeyNotFoundException($"There is no tensor '{name}'.");
        return new Layer(start, magnitude_O, new());
    }

    /// <inheritdoc />
    protected override MethodDescriptor Describe() => new()
    {
        Id = "dora",
        Name = "DoRA",
        Summary = "LoRA on the direction of each output's weights, with their length as a further trained parameter.",
        Formula = "W' = m ∘ (W + s·B·A) / ‖W + s·B·A‖",
        Trains = "A, B and m",
        Start = "A random, B zero, m the norms of W: the initial model equals the base model",
        Shapes =
        [
            "y = c ∘ (x·Wᵀ + s·x·Aᵀ·Bᵀ) + b, c = m / ‖W + s·B·A‖, one norm for each output, " + AdapterScaling.Formula,
            "with dropout, x·Wᵀ − drop(x)·Wᵀ + c ∘ (drop(x)·Wᵀ + s·drop(x)·Aᵀ·Bᵀ) + b",
            "W [out, in] frozen; A [r, in]; B [out, r]; m [out]",
            "the norm is a constant in the backward pass",
        ],
        Initialization =
        [
            "A: init kaiming: U(−1/√in, 1/√in); gaussian: N(0, 1/r²); B: 0",
            "init pissa: A and B from the principal components of W, which are subtracted from it, as in PiSSA",
            "m: ‖W + s·B·A‖, so that c = 1",
        ],
        Parameters = "r·(in + out) + out",
        Export = "A, B and m as they are, rank r (use_dora); with init pissa of rank 2r on the original base, or, when asked, as trained.",
        Deviations =
        [
            new(
                "Not part of the paper.",
                "It follows PEFT: norms over the inputs of each output, constant in the backward pass, bias outside.",
                "Its trajectories are reproduced to 1e-5; the authors propose the constant norm in section 4.3."),
            new(
                "Not part of the paper.",
                "‖W‖² is computed once, and a step adds 2s·⟨B, W·Aᵀ⟩ and s²·⟨B·A·Aᵀ, B⟩, summed in float64.",
                "It is the same number without a product of the size of the weight."),
            new(
                "Not part of the paper.",
                "learningRateB, rankStabilized and init pissa combine DoRA with LoRA+, rsLoRA and PiSSA.",
                "They are independent of the magnitude; m has the learning rate of A, and decays as A and B do. initFrom and init pissa "
                    + "exclude each other, because both say what A and B are at the start."),
        ],
        Source = "Liu et al. 2024, DoRA: Weight-Decomposed Low-Rank Adaptation",
        Color = "#0d8fc4",
        DefaultLearningRate = 2e-4,
        HasLearningRateB = true,
        AllowsInitFrom = true,
    };

    /// <inheritdoc />
    protected override Options Complete(Options options, RunSpec spec, int steps, ICollection<FieldError> errors)
    {
        if (spec.InitFrom is not null && options.Init == Start.Pissa)
        {
            errors.Add(new(
                "initFrom",
                "initFrom cannot be used with init pissa: an adapter brings A, B and m, while init pissa computes A and B from the "
                    + "weights; omit init to continue the adapter, whose rank is twice that of the run if it started from pissa."));
        }

        return options;
    }

    /// <inheritdoc />
    protected override Adapter Create(LinearLayer layer, AdapterRequest request, Options options)
    {
        RowNorms norms = new();
        LowRankAdapter start = options.Init switch
        {
            Start.Pissa => (LowRankAdapter)_pissa.Create(layer, request, PissaOptions(options)),
            Start.Gaussian => VanillaLoraMethod.RandomA(layer, request, VanillaLoraMethod.Start.Gaussian),
            _ => VanillaLoraMethod.RandomA(layer, request, VanillaLoraMethod.Start.Kaiming),
        };
        return new Layer(start, norms.Of(layer, start.A_RI, start.B_OR, request.Scaling), norms) { Svd = start.Svd };
    }

    private static JsonObject PissaOptions(Options options)
    {
        JsonObject all = ToJson(options);
        all.Remove("init");
        return all;
    }

    /// <summary>Options of <c>dora</c>.</summary>
    public sealed record Options
    {
        /// <summary>Initial A and B.</summary>
        [MethodOption(
            "Initialization",
            "Initial A and B: kaiming (A is U(±1/√in)) and gaussian (A is N(0, 1/r²)) as in LoRA, or pissa as in PiSSA.")]
        public Start Init { get; init; } = Start.Kaiming;

        /// <summary>SVD algorithm.</summary>
        [MethodOption("SVD algorithm", SvdOptions.AlgorithmHelp + " Used with init pissa.")]
        public SvdAlgorithm Svd { get; init; } = SvdAlgorithm.Auto;

        /// <summary>Power iterations of the randomized SVD.</summary>
        [MethodOption("Power iterations", SvdOptions.IterationsHelp + " Used with init pissa.", Minimum = 0, Maximum = 100)]
        public int SvdIterations { get; init; } = 16;
    }

    /// <summary>The factors with the magnitude.</summary>
    private sealed class Layer : Adapter
    {
        private readonly RowNorms _norms;

        public Layer(LowRankAdapter start, Tensor magnitude_O, RowNorms norms)
            : base(start.Module, start.Scaling, start.DropoutRate)
        {
            _norms = norms;
            foreach (AdapterTensor tensor in start.Tensors)
            {
                Add(tensor);
            }

            Add(new(Magnitude, magnitude_O, Trained: true));
        }

        public override ComputedTensors Computed => ComputedTensors.EachWindow;

        public override IReadOnlyList<AdapterTensor> OnOriginalBase()
        {
            AdapterTensor[] own = [.. Tensors.Where(tensor => tensor.Trained)];
            if (Find(AdapterFactor.ExtractedA.Name()) is not Tensor extractedA_RI)
            {
                return own;
            }

            Tensor extractedB_OR = this[AdapterFactor.ExtractedB.Name()];
            return
            [
                own[0] with { Value = cat([own[0].Value, extractedA_RI], dim: 0) },
                own[1] with { Value = cat([own[1].Value, extractedB_OR.neg()], dim: 1) },
                own[2],
            ];
        }

        public override LayerTensors Compute(LinearLayer layer)
        {
            (Tensor a_RI, Tensor b_OR) = (this[AdapterFactor.A.Name()], this[AdapterFactor.B.Name()]);
            return new()
            {
                A_RI = a_RI,
                B_OR = b_OR,
                OutputScale_O = this[Magnitude].div(_norms.Of(layer, a_RI, b_OR, Scaling)),
            };
        }
    }

    /// <summary>Norms of the rows of W + s·B·A.</summary>
    private sealed class RowNorms
    {
        // Of a weight that is converted, at most this many values at a time.
        private const long Values = 1 << 22;

        // A weight and the squared norms of its rows, float64.
        private (object Weight, Tensor Squares_O)? _base;

        /// <summary>
        /// ‖W + s·B·A‖² = ‖W‖² + 2s·⟨B, W·Aᵀ⟩ + s²·⟨B·(A·Aᵀ), B⟩ for each row; without an autograd graph. The current dispose scope owns
        /// the result.
        /// </summary>
        public Tensor Of(LinearLayer layer, Tensor a_RI, Tensor b_OR, double scaling)
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            Tensor weight_OI = layer.Weight_OI;
            object weight = (object?)layer.Quantized ?? weight_OI;
            if (_base is not { } known || !ReferenceEquals(known.Weight, weight))
            {
                _base = known = (weight, Squares(weight_OI));
            }

            // Rank-r results are computed transposed, as in the kernels.
            Tensor cross_RO = cat([.. Parts(weight_OI, a_RI.dtype).Select(part_OI => a_RI.mm(part_OI.t()))], dim: 1).to(float64);
            Tensor a64_RI = a_RI.to(float64);
            Tensor b64_RO = b_OR.t().to(float64);
            Tensor inner_RO = cross_RO.Times(2 * scaling).Plus(a64_RI.mm(a64_RI.t()).mm(b64_RO).Times(scaling * scaling));
            Tensor squares_O = known.Squares_O.Plus(inner_RO.mul(b64_RO).sum(dim: 0));
            // A row of zeros has the norm 0 and, with its magnitude of 0, the output 0.
            return squares_O.abs().sqrt().PlusInPlace(1e-30).to(a_RI.dtype).MoveToOuterDisposeScope();
        }

        private static Tensor Squares(Tensor weight_OI)
        {
            using IDisposable scope = NewDisposeScope();
            return cat([.. Parts(weight_OI, float64).Select(part_OI => part_OI.mul(part_OI).sum(1))]).DetachFromDisposeScope();
        }

        // The rows of a weight in another precision, some at a time.
        private static IEnumerable<Tensor> Parts(Tensor weight_OI, ScalarType dtype)
        {
            if (weight_OI.dtype == dtype)
            {
                yield return weight_OI;
                yield break;
            }

            (long rows, long height) = (Math.Max(1, Values / weight_OI.shape[1]), weight_OI.shape[0]);
            for (long start = 0; start < height; start += rows)
            {
                using Tensor part_OI = weight_OI.narrow(0, start, Math.Min(rows, height - start));
                using Tensor converted_OI = part_OI.to(dtype);
                yield return converted_OI;
            }
        }
    }
}
