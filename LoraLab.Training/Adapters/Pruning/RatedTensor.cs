using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Pruning;

/// <summary>A trained tensor with the mean importance of each of its values and the uncertainty of that.</summary>
/// <param name="Name">Name of the parameter.</param>
/// <param name="Value">The parameter.</param>
/// <param name="Importance">Ī, of the parameter's shape.</param>
/// <param name="Uncertainty">Ū, of the parameter's shape.</param>
internal sealed record RatedTensor(string Name, Tensor Value, Tensor Importance, Tensor Uncertainty)
{
    /// <summary>Starts at zero.</summary>
    public static RatedTensor Of(AdapterParameter parameter) =>
        new(parameter.Name, parameter.Value, Zero(parameter.Value), Zero(parameter.Value));

    /// <summary>Takes in the importance |p·∇p| of a step (Zhang et al. 2023, equations 8 to 10).</summary>
    /// <param name="pruning">Weights of the past.</param>
    /// <param name="gradientFactor">The step's gradient is the parameter's divided by this, fp32 [1].</param>
    /// <param name="skipped">True [1] if nothing may change.</param>
    public void Update(TripletPruning pruning, Tensor gradientFactor, Tensor skipped)
    {
        Tensor now = Value.mul(Value.grad!).div(gradientFactor).abs();
        Tensor importance = Importance.Times(pruning.MeanWeight).Plus(now.Times(1 - pruning.MeanWeight));
        Tensor change = now.sub(importance).abs();
        Tensor uncertainty = Uncertainty.Times(pruning.UncertaintyWeight).Plus(change.Times(1 - pruning.UncertaintyWeight));
        Importance.copy_(where(skipped, Importance, importance));
        Uncertainty.copy_(where(skipped, Uncertainty, uncertainty));
    }

    /// <summary>Ī·Ū of each value.</summary>
    public Tensor Score() => Importance.mul(Uncertainty);

    private static Tensor Zero(Tensor like) => zeros_like(like).requires_grad_(false).DetachFromDisposeScope();
}
