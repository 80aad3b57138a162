using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// What a method does around the optimizer steps of a run; by default nothing. Called without autograd, within a dispose scope. Work is
/// only issued to the device: a hook must not read a tensor, except in <see cref="Describe"/> and <see cref="Metrics"/>.
/// </summary>
public abstract class StepHooks : IDisposable
{
    /// <summary>
    /// State that a resumed run continues from, by name: what <see cref="AfterUpdate"/> changes, besides the parameters.
    /// </summary>
    public virtual IEnumerable<KeyValuePair<string, Tensor>> State => [];

    /// <summary>
    /// After the backward passes of a window: adds the gradient of a regularization, times the loss scale. It counts in the gradient's norm
    /// and in clipping, but not in the loss.
    /// </summary>
    public virtual void AddGradients(double lossScale)
    {
    }

    /// <summary>
    /// Before the update: changes the gradients that it uses. They are not unscaled or clipped yet, and their norm is recorded already.
    /// </summary>
    public virtual void TransformGradients()
    {
    }

    /// <summary>After the update.</summary>
    /// <param name="step">Optimizer step, from 1.</param>
    /// <param name="gradientFactor">The unscaled and clipped gradient is the gradient divided by this, fp32 [1].</param>
    /// <param name="skipped">
    /// 1 if the update was skipped because a gradient was not finite, fp32 [1]: the step will be repeated, and nothing may change.
    /// </param>
    public virtual void AfterUpdate(int step, Tensor gradientFactor, Tensor skipped)
    {
    }

    /// <summary>What is worth a line in the run's log at an evaluation; null: nothing. Waits for the device.</summary>
    public virtual string? Describe() => null;

    /// <summary>Metrics of the method at an evaluation by key; empty: none. Waits for the device.</summary>
    public virtual IReadOnlyDictionary<string, double> Metrics() => new Dictionary<string, double>();

    /// <inheritdoc />
    public virtual void Dispose()
    {
        foreach ((_, Tensor tensor) in State)
        {
            tensor.Dispose();
        }

        GC.SuppressFinalize(this);
    }
}
