using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) with gradient clipping over <see cref="FlatParameters"/>, in a few device operations and without
/// synchronization: the norm, the clipping factor and the overflow flag (AMP's <c>found_inf</c>) stay on the device. After a step whose
/// loss or gradient is not finite, that update and all later ones are skipped until <see cref="ClearOverflow"/>.
/// </summary>
public sealed class FusedAdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly double _weightDecay;
    private readonly double _maxGradNorm;
    private readonly Tensor _moments1, _moments2, _foundInf;
    private readonly List<GroupState> _groups;

    /// <summary>Creates an optimizer at step 0.</summary>
    /// <param name="parameters">Parameters to update; the optimizer owns them.</param>
    /// <param name="weightDecay">Decoupled weight decay.</param>
    /// <param name="maxGradNorm">Maximum global norm of the unscaled gradient; null: no clipping.</param>
    public FusedAdamW(FlatParameters parameters, double weightDecay, double? maxGradNorm)
    {
        (_parameters, _weightDecay, _maxGradNorm) = (parameters, weightDecay, maxGradNorm ?? 0);
        _moments1 = zeros_like(parameters.Values).DetachFromDisposeScope();
        _moments2 = zeros_like(parameters.Values).DetachFromDisposeScope();
        _foundInf = zeros(1, float32, parameters.Values.device).DetachFromDisposeScope();
        _groups = [.. parameters.Groups.Select(group => new GroupState(
            group.LearningRate, [group.Slice(parameters.Values)], [group.Slice(parameters.Gradients)], [group.Slice(_moments1)],
            [group.Slice(_moments2)], [zeros_like(_foundInf).DetachFromDisposeScope()]))];
    }

    /// <summary>
    /// Both moments of every parameter by name, for example <c>model.layers.0.self_attn.q_proj.lora_A.moment1</c>; the current dispose
    /// scope owns them.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Moments =>
        _parameters.Views(_moments1, ".moment1").Concat(_parameters.Views(_moments2, ".moment2"));

    /// <summary>Restores the state of an optimizer after a number of updates.</summary>
    public void Restore(int updates, Func<string, Tensor> moment)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        foreach (GroupState group in _groups)
        {
            group.Steps[0].Fill(updates);
        }

        foreach ((string name, Tensor target) in Moments)
        {
            target.copy_(moment(name));
        }
    }

    /// <summary>Sets every gradient to zero.</summary>
    public void ZeroGradients()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        _parameters.Gradients.zero_();
    }

    /// <summary>Unscales and clips the gradients, updates the parameters, and writes loss and unscaled gradient norm to the log.</summary>
    /// <param name="loss">The window's loss, float64, one value.</param>
    /// <param name="lossScale">Loss scale of the gradients.</param>
    /// <param name="rateFactor">Schedule factor of the base learning rates.</param>
    /// <param name="log">Receives loss and norm, float64 [rows, 2].</param>
    /// <param name="row">Row of the log.</param>
    public void Step(Tensor loss, double lossScale, double rateFactor, Tensor log, int row)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor gradientFactor = TorchScript.Tensor("measure", _parameters.Gradients, loss, log, row, _foundInf, lossScale, _maxGradNorm);
        foreach (GroupState group in _groups)
        {
            TorchScript.Run("update", group.Values, group.Gradients, group.Moments1, group.Moments2, group.Steps, gradientFactor, _foundInf,
                group.LearningRate * rateFactor, _weightDecay);
        }
    }

    /// <summary>Clears the overflow flag, so that updates are applied again.</summary>
    public void ClearOverflow()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        _foundInf.zero_();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor part in _groups.SelectMany(group => group.All))
        {
            part.Dispose();
        }

        _moments1.Dispose();
        _moments2.Dispose();
        _foundInf.Dispose();
        _parameters.Dispose();
    }

    // Arrays of one, because the kernel takes lists, and only lists passed in as arguments.
    private sealed record GroupState(
        double LearningRate, Tensor[] Values, Tensor[] Gradients, Tensor[] Moments1, Tensor[] Moments2, Tensor[] Steps)
    {
        public IEnumerable<Tensor> All => [.. Values, .. Gradients, .. Moments1, .. Moments2, .. Steps];
    }
}
