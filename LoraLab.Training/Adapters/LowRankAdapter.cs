using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Adapters;

/// <summary>
/// The adapter of all methods: ΔW = s·B·A, or s·B·R·A where only R is trained. Factors are fp32.
/// A method determines which factors exist, how they are initialized, which are trained and at what learning rate.
/// </summary>
public sealed class LowRankAdapter : IDisposable
{
    private readonly DisposableBag _owned = new();

    /// <summary>An adapter that owns its factors.</summary>
    /// <param name="module">Full name of the linear layer.</param>
    /// <param name="a_RI">Input-side factor, [r, in].</param>
    /// <param name="b_OR">Output-side factor, [out, r].</param>
    /// <param name="scaling">s.</param>
    /// <param name="dropoutRate">Dropout probability on the branch's input during training.</param>
    /// <param name="r_RR">Middle factor, [r, r]; if given, A and B are frozen.</param>
    public LowRankAdapter(string module, Tensor a_RI, Tensor b_OR, double scaling, double dropoutRate = 0, Tensor? r_RR = null)
    {
        (Module, A_RI, B_OR, R_RR, Scaling, DropoutRate) = (module, a_RI, b_OR, r_RR, scaling, dropoutRate);
        _owned.Add(a_RI, b_OR, r_RR);
        Trainable = r_RR is null
            ? [Leaf(AdapterFactor.A, a_RI), Leaf(AdapterFactor.B, b_OR)]
            : [Leaf(AdapterFactor.R, r_RR)];

        AdapterParameter Leaf(AdapterFactor factor, Tensor value)
        {
            value.requires_grad = true;
            return new(factor.NameIn(module), factor, value);
        }
    }

    /// <summary>Full name of the linear layer.</summary>
    public string Module { get; }

    /// <summary>Input-side factor, [r, in].</summary>
    public Tensor A_RI { get; }

    /// <summary>Output-side factor, [out, r].</summary>
    public Tensor B_OR { get; }

    /// <summary>Middle factor, [r, r]; null: none.</summary>
    public Tensor? R_RR { get; }

    /// <summary>s = α/r, or α/√r if rank-stabilized.</summary>
    public double Scaling { get; }

    /// <summary>Dropout probability on the branch's input during training.</summary>
    public double DropoutRate { get; }

    /// <summary>The rank r.</summary>
    public int Rank => (int)A_RI.shape[0];

    /// <summary>The trainable factors.</summary>
    public IReadOnlyList<AdapterParameter> Trainable { get; }

    /// <summary>
    /// Factors extracted from the base weight by the initialization (PiSSA): the update of the original weight is s·(BA − B₀A₀).
    /// Null if there are none.
    /// </summary>
    public ExtractedFactors? Extracted { get; private set; }

    /// <summary>SVD algorithm that the factors come from (<c>full</c> or <c>randomised</c>); null: none.</summary>
    public string? Svd { get; init; }

    /// <summary>A factor, or null if the adapter does not have it.</summary>
    public Tensor? Factor(AdapterFactor factor) => factor switch
    {
        AdapterFactor.A => A_RI,
        AdapterFactor.B => B_OR,
        AdapterFactor.R => R_RR,
        AdapterFactor.ExtractedA => Extracted?.A_RI,
        AdapterFactor.ExtractedB => Extracted?.B_OR,
        _ => throw new ArgumentOutOfRangeException(nameof(factor), factor, null),
    };

    /// <summary>
    /// A factor that the branch computes with, or null: extracted factors only if the branch subtracts them.
    /// </summary>
    public Tensor? InBranch(AdapterFactor factor) =>
        factor is AdapterFactor.ExtractedA or AdapterFactor.ExtractedB && Extracted is not { InBranch: true } ? null : Factor(factor);

    /// <summary>Sets the factors extracted from the base weight.</summary>
    public LowRankAdapter WithExtracted(ExtractedFactors extracted)
    {
        Extracted = extracted;
        _owned.Add(extracted.A_RI, extracted.B_OR);
        return this;
    }

    /// <summary>s·((drop(x) Aᵀ) Rᵀ) Bᵀ in fp32. [B, T, in] → [B, T, out].</summary>
    public Tensor Branch(Tensor x_BTI, ForwardPass pass)
    {
        Tensor input_BTI = x_BTI.dtype == A_RI.dtype ? x_BTI : x_BTI.to(A_RI.dtype);
        Tensor? extracted_BTO = Extracted is { InBranch: true } extracted ? Project(input_BTI, extracted.A_RI, null, extracted.B_OR) : null;
        if (DropoutRate > 0 && pass.Dropout is DropoutMasks masks)
        {
            input_BTI = input_BTI.mul(masks.Draw(Module, DropoutRate, x_BTI.shape[1], x_BTI.shape[2], x_BTI.device));
        }

        Tensor branch_BTO = Project(input_BTI, A_RI, R_RR, B_OR);
        return extracted_BTO is null ? branch_BTO : branch_BTO.sub(extracted_BTO);
    }

    /// <summary>ΔW relative to the layer's current weight, [out, in], without an autograd graph.</summary>
    public Tensor Delta()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor b_OR = R_RR is null ? B_OR : B_OR.mm(R_RR);
        Tensor delta_OI = b_OR.mm(A_RI);
        if (Extracted is { InBranch: true } extracted)
        {
            delta_OI = delta_OI.sub(extracted.B_OR.mm(extracted.A_RI));
        }

        return delta_OI.Times(Scaling).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose() => _owned.Dispose();

    // In the order (x Aᵀ) Bᵀ it costs r(in + out) per token; the scaling is applied to the rank-r activations.
    private Tensor Project(Tensor x_BTI, Tensor a_RI, Tensor? r_RR, Tensor b_OR)
    {
        Tensor h_BTR = functional.linear(x_BTI, a_RI).Times(Scaling);
        return functional.linear(r_RR is null ? h_BTR : functional.linear(h_BTR, r_RR), b_OR);
    }
}

/// <summary>Factors extracted from the base weight by an initialization (PiSSA).</summary>
/// <param name="A_RI">A₀, [r, in].</param>
/// <param name="B_OR">B₀, [out, r].</param>
/// <param name="InBranch">
/// False: the layer holds W − s·B₀A₀. True: the layer holds W and the branch subtracts s·B₀A₀, which rounds nothing.
/// </param>
public sealed record ExtractedFactors(Tensor A_RI, Tensor B_OR, bool InBranch);
