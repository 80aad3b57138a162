using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Adapters;

/// <summary>
/// The adapter of one linear layer: its tensors, and what the layer computes with them. A method derives a class if its layers compute
/// with functions of their parameters instead of the parameters themselves (<see cref="LowRankAdapter"/>).
/// </summary>
public abstract class Adapter : IDisposable
{
    private List<AdapterTensor> _tensors = [];

    /// <summary>An adapter without tensors.</summary>
    /// <param name="module">Full name of the linear layer.</param>
    /// <param name="scaling">s.</param>
    /// <param name="dropoutRate">Dropout probability on the branch's input during training.</param>
    protected Adapter(string module, double scaling, double dropoutRate) =>
        (Module, Scaling, DropoutRate) = (module, scaling, dropoutRate);

    /// <summary>Full name of the linear layer.</summary>
    public string Module { get; }

    /// <summary>s: the factor of the branch.</summary>
    public double Scaling { get; }

    /// <summary>Dropout probability on the branch's input during training.</summary>
    public double DropoutRate { get; }

    /// <summary>SVD algorithm that the initial values come from (<c>full</c> or <c>randomised</c>); null: none.</summary>
    public string? Svd { get; init; }

    /// <summary>All tensors, trained and frozen, in the order in which they are stored.</summary>
    public IReadOnlyList<AdapterTensor> Tensors => _tensors;

    /// <summary>The trained tensors.</summary>
    public IReadOnlyList<AdapterParameter> Trainable =>
    [
        .. _tensors.Where(tensor => tensor.Trained)
            .Select(tensor => new AdapterParameter(tensor.NameIn(Module), tensor.Part, tensor.Value)),
    ];

    /// <summary>When <see cref="Compute"/> must be called again.</summary>
    public abstract ComputedTensors Computed { get; }

    /// <summary>A tensor by its name within the layer.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Tensor this[string part] => Find(part) ?? throw new KeyNotFoundException($"There is no tensor '{part}' in '{Module}'.");

    /// <summary>
    /// What the layer computes with, as a differentiable expression of the trained tensors; the current dispose scope owns what is
    /// computed. It does not depend on the input of the layer.
    /// </summary>
    public abstract LayerTensors Compute(LinearLayer layer);

    /// <summary>
    /// The tensors as a file of the adapter has them, which applies to the original base; the current dispose scope owns new ones.
    /// </summary>
    public virtual IReadOnlyList<AdapterTensor> OnOriginalBase() => Tensors;

    /// <summary>A tensor by its name within the layer, or null.</summary>
    public Tensor? Find(string part) => _tensors.Find(tensor => tensor.Part == part)?.Value;

    /// <summary>Whether a tensor is one of the adapter's own, not computed from them.</summary>
    public bool Owns(Tensor value) => _tensors.Exists(tensor => ReferenceEquals(tensor.Value, value));

    /// <summary>The layer's output under autograd, in the weight's precision. [..., in] → [..., out].</summary>
    public Tensor Forward(LinearLayer layer, Tensor x_BTI, ForwardPass pass)
    {
        ArgumentNullException.ThrowIfNull(layer);
        LayerTensors tensors = layer.Held?.Tensors ?? Compute(layer);
        Tensor weight_OI = layer.Held?.Weight_OI ?? layer.Weight_OI;
        Tensor? scale_O = tensors.OutputScale_O;
        Tensor y_BTO = functional.linear(x_BTI, weight_OI, scale_O is null ? layer.Bias_O : null);
        ScalarType dtype = y_BTO.dtype;
        if (tensors.WeightUpdate is WeightUpdate update)
        {
            Tensor delta_OI = update.Rows(0, layer.Out);
            y_BTO = y_BTO.Plus(functional.linear(Like(delta_OI, x_BTI), delta_OI));
        }

        if (scale_O is not null)
        {
            Tensor dropped_BTI = Dropped(Like(scale_O, x_BTI), pass);
            Tensor scaled_BTO = DropsNothing(pass) ? y_BTO : functional.linear(dropped_BTI.to(x_BTI.dtype), weight_OI);
            Tensor whole_BTO = scaled_BTO.Plus(Branch(x_BTI, tensors, pass)).mul(scale_O);
            y_BTO = DropsNothing(pass) ? whole_BTO : whole_BTO.Plus(y_BTO).sub(scaled_BTO);
            y_BTO = layer.Bias_O is Tensor bias_O ? y_BTO.Plus(bias_O) : y_BTO;
        }
        else if (tensors.A_RI is not null)
        {
            y_BTO = y_BTO.Plus(Branch(x_BTI, tensors, pass));
        }

        return (tensors.BiasDelta_O is Tensor biasDelta_O ? y_BTO.Plus(biasDelta_O) : y_BTO).to(dtype);
    }

    /// <summary>ΔW relative to the layer's current weight, [out, in], without an autograd graph.</summary>
    public Tensor Delta(LinearLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        LayerTensors tensors = Compute(layer);
        Tensor? delta_OI = tensors.WeightUpdate?.Rows(0, layer.Out);
        if (tensors.A_RI is not null)
        {
            Tensor branch_OI = BranchDelta(tensors);
            delta_OI = delta_OI is null ? branch_OI : delta_OI.Plus(branch_OI);
        }

        Tensor weight_OI = layer.Weight_OI.to(delta_OI!.dtype);
        return (tensors.OutputScale_O is Tensor scale_O ? weight_OI.Plus(delta_OI).mul(scale_O.unsqueeze(1)).sub(weight_OI) : delta_OI)
            .MoveToOuterDisposeScope();
    }

    /// <summary>A copy with tensors of another precision, which it owns.</summary>
    public Adapter To(ScalarType dtype)
    {
        Adapter copy = (Adapter)MemberwiseClone();
        copy._tensors = [];
        foreach (AdapterTensor tensor in _tensors)
        {
            copy.Add(tensor with { Value = tensor.Value.detach().to(dtype, copy: true) });
        }

        return copy;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (AdapterTensor tensor in _tensors)
        {
            tensor.Value.Dispose();
        }

        _tensors.Clear();
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds a tensor, of which the adapter takes ownership.</summary>
    protected void Add(AdapterTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        tensor.Value.requires_grad = tensor.Trained;
        _tensors.Add(tensor with { Value = tensor.Value.DetachFromDisposeScope() });
    }

    /// <summary>s·((drop(x) Aᵀ) Rᵀ) Bᵀ − s·(x A₀ᵀ) B₀ᵀ in fp32. [B, T, in] → [B, T, out].</summary>
    protected Tensor Branch(Tensor x_BTI, LayerTensors tensors, ForwardPass pass)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Tensor input_BTI = Like(tensors.A_RI!, x_BTI);
        Tensor? extracted_BTO = tensors is { ExtractedA_RI: Tensor a0_RI, ExtractedB_OR: Tensor b0_OR }
            ? Project(input_BTI, a0_RI, null, b0_OR)
            : null;
        Tensor branch_BTO = Project(Dropped(input_BTI, pass), tensors.A_RI!, tensors.R_RR, tensors.B_OR!);
        return extracted_BTO is null ? branch_BTO : branch_BTO.sub(extracted_BTO);
    }

    /// <summary>The update of the branch, s·(B·R·A − B₀·A₀), [out, in].</summary>
    protected Tensor BranchDelta(LayerTensors tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Tensor b_OR = tensors.R_RR is Tensor r_RR ? tensors.B_OR!.mm(r_RR) : tensors.B_OR!;
        Tensor branch_OI = b_OR.mm(tensors.A_RI!);
        return (tensors is { ExtractedA_RI: Tensor a0_RI, ExtractedB_OR: Tensor b0_OR } ? branch_OI.sub(b0_OR.mm(a0_RI)) : branch_OI)
            .Times(Scaling);
    }

    // In the order (x Aᵀ) Bᵀ it costs r(in + out) per token; the scaling is applied to the rank-r activations.
    private Tensor Project(Tensor x_BTI, Tensor a_RI, Tensor? r_RR, Tensor b_OR)
    {
        Tensor h_BTR = functional.linear(x_BTI, a_RI).Times(Scaling);
        return functional.linear(r_RR is null ? h_BTR : functional.linear(h_BTR, r_RR), b_OR);
    }

    private bool DropsNothing(ForwardPass pass) => !(DropoutRate > 0 && pass.Dropout is not null);

    private Tensor Dropped(Tensor x_BTI, ForwardPass pass) => DropsNothing(pass)
        ? x_BTI
        : x_BTI.mul(pass.Dropout!.Draw(Module, DropoutRate, x_BTI.shape[1], x_BTI.shape[2], x_BTI.device));

    private static Tensor Like(Tensor tensor, Tensor x) => x.dtype == tensor.dtype ? x : x.to(tensor.dtype);
}
