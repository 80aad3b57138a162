using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// All weights of a model as parameters of a run. In fp32 the weights are the parameters themselves; in half precision a matrix has an fp32
/// master weight as its parameter, and the weight that the model computes with is a rounded copy of it.
/// </summary>
public sealed class TrainedWeights : IDisposable
{
    private readonly IReadOnlyList<RmsNorm> _norms;
    private readonly List<(string Name, Tensor Weight, Tensor Parameter)> _all;

    internal TrainedWeights(IEnumerable<KeyValuePair<string, Tensor>> weights, IReadOnlyList<RmsNorm> norms)
    {
        _norms = norms;
        _all = [.. weights.Select(weight => (weight.Key, weight.Value, Parameter(weight.Value)))];
        foreach ((_, Tensor weight, Tensor parameter) in _all)
        {
            (weight.requires_grad, parameter.requires_grad) = (true, true);
        }
    }

    /// <summary>The parameters by the names of the weights in a checkpoint; a tied head is that of the embedding.</summary>
    public IReadOnlyList<AdapterParameter> Parameters =>
        [.. _all.Select(weight => new AdapterParameter(weight.Name, weight.Name, weight.Parameter))];

    /// <summary>
    /// Where the gradient of a weight is accumulated, in the precision of its parameter; the current dispose scope owns this handle. Null:
    /// nowhere yet.
    /// </summary>
    public Tensor? Gradient(Tensor weight) => _all.Find(trained => ReferenceEquals(trained.Weight, weight)).Parameter?.grad;

    /// <summary>Adds the gradients that autograd accumulated in rounded copies to those of their master weights.</summary>
    public void CollectGradients()
    {
        using IDisposable noGrad = no_grad();
        foreach ((_, Tensor weight, Tensor parameter) in _all)
        {
            using IDisposable scope = NewDisposeScope();
            if (!ReferenceEquals(weight, parameter) && weight.grad is Tensor gradient)
            {
                parameter.grad!.PlusInPlace(gradient);
                gradient.zero_();
            }
        }
    }

    /// <summary>After an update of the parameters, rounds the master weights and computes the gains of the norms.</summary>
    public void Refresh()
    {
        using IDisposable noGrad = no_grad();
        foreach ((_, Tensor weight, Tensor parameter) in _all)
        {
            if (!ReferenceEquals(weight, parameter))
            {
                weight.copy_(parameter);
            }
        }

        foreach (RmsNorm norm in _norms)
        {
            norm.Refresh();
        }
    }

    /// <summary>Sets all parameters.</summary>
    /// <param name="stored">Returns a new tensor for the name of a weight.</param>
    public void Restore(Func<string, Tensor> stored)
    {
        using IDisposable noGrad = no_grad();
        foreach ((string name, _, Tensor parameter) in _all)
        {
            using IDisposable scope = NewDisposeScope();
            parameter.copy_(stored(name));
        }

        Refresh();
    }

    /// <summary>Disposes the master weights; the model owns the weights.</summary>
    public void Dispose()
    {
        foreach ((_, Tensor weight, Tensor parameter) in _all)
        {
            if (!ReferenceEquals(weight, parameter))
            {
                parameter.Dispose();
            }
        }
    }

    private static Tensor Parameter(Tensor weight)
    {
        using IDisposable noGrad = no_grad();
        return weight.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? weight.to(float32).DetachFromDisposeScope() : weight;
    }
}
