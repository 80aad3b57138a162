using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Optimization;

/// <summary>
/// AdamW with clipping over <see cref="FlatParameters"/>, in a handful of device operations and without waiting for the device:
/// the norm, the clipping factor and whether the step is finite stay there. From the first step on whose loss or gradient is not finite,
/// every update does nothing until <see cref="ClearOverflow"/>.
/// </summary>
public sealed class FusedAdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly double _weightDecay;
    private readonly double _limit;
    private readonly Tensor _moments1, _moments2, _bad;
    private readonly List<GroupState> _groups;

    /// <summary>An optimizer at its start.</summary>
    /// <param name="parameters">What it updates; it owns them from now on.</param>
    /// <param name="weightDecay">Decoupled decay.</param>
    /// <param name="maxGradNorm">Clips the global norm of the unscaled gradient; null: off.</param>
    public FusedAdamW(FlatParameters parameters, double weightDecay, double? maxGradNorm)
    {
        (_parameters, _weightDecay, _limit) = (parameters, weightDecay, maxGradNorm ?? 0);
        _moments1 = zeros_like(parameters.Values).DetachFromDisposeScope();
        _moments2 = zeros_like(parameters.Values).DetachFromDisposeScope();
        _bad = zeros(1, float32, parameters.Values.device).DetachFromDisposeScope();
        _groups = [.. parameters.Groups.Select(group => new GroupState(
            group.LearningRate, [group.Of(parameters.Values)], [group.Of(parameters.Gradients)], [group.Of(_moments1)], [group.Of(_moments2)], [zeros_like(_bad).DetachFromDisposeScope()]))];
    }

    /// <summary>Both moments of every parameter by name, for example <c>model.layers.0.self_attn.q_proj.lora_A.moment1</c>; the current dispose scope owns them.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Moments => _parameters.Views(_moments1, ".moment1").Concat(_parameters.Views(_moments2, ".moment2"));

    /// <summary>Goes on where another optimizer stopped after so many updates.</summary>
    public void Restore(int updates, Func<string, Tensor> moment)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        foreach (GroupState group in _groups)
        {
            group.Steps[0].fill_(updates);
        }

        foreach ((string name, Tensor into) in Moments)
        {
            into.copy_(moment(name));
        }
    }

    /// <summary>Sets every gradient to zero.</summary>
    public void ZeroGradients()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        _parameters.Gradients.zero_();
    }

    /// <summary>Clips and updates; loss and norm of the unscaled gradient go to a row of the log.</summary>
    /// <param name="loss">The window's loss, float64, one value.</param>
    /// <param name="lossScale">What the gradients were multiplied by.</param>
    /// <param name="rateFactor">Factor of the base learning rates.</param>
    /// <param name="log">Takes loss and norm, float64 [rows, 2].</param>
    /// <param name="row">Row of the log.</param>
    public void Step(Tensor loss, double lossScale, double rateFactor, Tensor log, int row)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor scale = TorchScript.Tensor("measure", _parameters.Gradients, loss, log, row, _bad, lossScale, _limit);
        foreach (GroupState group in _groups)
        {
            TorchScript.Run("update", group.Values, group.Gradients, group.Moments1, group.Moments2, group.Steps, scale, _bad, group.LearningRate * rateFactor, _weightDecay);
        }
    }

    /// <summary>Updates go on again.</summary>
    public void ClearOverflow()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        _bad.zero_();
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
        _bad.Dispose();
        _parameters.Dispose();
    }

    // Arrays of one: the kernel takes lists, and only lists that come from outside.
    private sealed record GroupState(double LearningRate, Tensor[] Values, Tensor[] Gradients, Tensor[] Moments1, Tensor[] Moments2, Tensor[] Steps)
    {
        public IEnumerable<Tensor> All => [.. Values, .. Gradients, .. Moments1, .. Moments2, .. Steps];
    }
}
