using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// An adapter whose layer computes with its own factors: ΔW = s·B·A, or s·B·R·A where only R is trained. Factors are fp32.
/// A method determines which factors exist, how they are initialized, which are trained and at what learning rate.
/// </summary>
public sealed class LowRankAdapter : Adapter
{
    /// <summary>An adapter that owns its factors.</summary>
    /// <param name="module">Full name of the linear layer.</param>
    /// <param name="a_RI">Input-side factor, [r, in].</param>
    /// <param name="b_OR">Output-side factor, [out, r].</param>
    /// <param name="scaling">s.</param>
    /// <param name="dropoutRate">Dropout probability on the branch's input during training.</param>
    /// <param name="r_RR">Middle factor, [r, r]; if given, A and B are frozen.</param>
    /// <param name="frozenA">Whether A is frozen.</param>
    public LowRankAdapter(
        string module,
        Tensor a_RI,
        Tensor b_OR,
        double scaling,
        double dropoutRate = 0,
        Tensor? r_RR = null,
        bool frozenA = false)
        : base(module, scaling, dropoutRate)
    {
        Add(AdapterFactor.A, a_RI, r_RR is null && !frozenA);
        Add(AdapterFactor.B, b_OR, r_RR is null);
        if (r_RR is not null)
        {
            Add(AdapterFactor.R, r_RR, trained: true);
        }
    }

    /// <inheritdoc />
    public override ComputedTensors Computed => ComputedTensors.Never;

    /// <summary>Input-side factor, [r, in].</summary>
    public Tensor A_RI => this[AdapterFactor.A.Name()];

    /// <summary>Output-side factor, [out, r].</summary>
    public Tensor B_OR => this[AdapterFactor.B.Name()];

    /// <summary>Middle factor, [r, r]; null: none.</summary>
    public Tensor? R_RR => Find(AdapterFactor.R.Name());

    /// <summary>The rank r.</summary>
    public int Rank => (int)A_RI.shape[0];

    /// <summary>
    /// Factors extracted from the base weight by the initialization (PiSSA): the update of the original weight is s·(BA − B₀A₀).
    /// Null if there are none.
    /// </summary>
    public ExtractedFactors? Extracted => Find(AdapterFactor.ExtractedA.Name()) is Tensor a_RI
        ? new(a_RI, this[AdapterFactor.ExtractedB.Name()], ExtractedInBranch)
        : null;

    private bool ExtractedInBranch { get; set; }

    private LayerTensors Factors => new()
    {
        A_RI = A_RI,
        B_OR = B_OR,
        R_RR = R_RR,
        ExtractedA_RI = ExtractedInBranch ? Find(AdapterFactor.ExtractedA.Name()) : null,
        ExtractedB_OR = ExtractedInBranch ? Find(AdapterFactor.ExtractedB.Name()) : null,
    };

    /// <summary>Sets the factors extracted from the base weight.</summary>
    public LowRankAdapter WithExtracted(ExtractedFactors extracted)
    {
        ArgumentNullException.ThrowIfNull(extracted);
        ExtractedInBranch = extracted.InBranch;
        Add(AdapterFactor.ExtractedA, extracted.A_RI, trained: false);
        Add(AdapterFactor.ExtractedB, extracted.B_OR, trained: false);
        return this;
    }

    /// <inheritdoc />
    public override LayerTensors Compute(LinearLayer layer) => Factors;

    /// <summary>s·((drop(x) Aᵀ) Rᵀ) Bᵀ in fp32. [B, T, in] → [B, T, out].</summary>
    public Tensor Branch(Tensor x_BTI, ForwardPass pass) => Branch(x_BTI, Factors, pass);

    /// <summary>ΔW relative to the layer's current weight, [out, in], without an autograd graph.</summary>
    public Tensor Delta()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return BranchDelta(Factors).MoveToOuterDisposeScope();
    }

    private void Add(AdapterFactor factor, Tensor value, bool trained) => Add(new(factor.Name(), value, trained));
}
