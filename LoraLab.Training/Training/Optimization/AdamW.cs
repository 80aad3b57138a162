using static TorchSharp.torch;

namespace LoraLab.Training.Training.Optimization;

/// <summary>
/// AdamW as in PyTorch (Loshchilov and Hutter 2019): p ← p(1 − lr·wd), then p ← p − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε).
/// Moments are kept in the parameters' precision (fp32).
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly List<State> _states = [];
    private readonly double _weightDecay;

    /// <summary>An optimizer over parameters, each with its own base learning rate.</summary>
    public AdamW(IEnumerable<(string Name, Tensor Parameter, double LearningRate)> parameters, double weightDecay)
    {
        _weightDecay = weightDecay;
        foreach ((string name, Tensor parameter, double rate) in parameters)
        {
            _states.Add(new(name, parameter, zeros_like(parameter).requires_grad_(false), zeros_like(parameter).requires_grad_(false), rate));
        }
    }

    /// <summary>Updates made so far: the t of the bias corrections.</summary>
    public int Steps { get; private set; }

    /// <summary>Both moments of every parameter by name, for example <c>model.layers.0.self_attn.q_proj.lora_A.moment1</c>.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Moments => _states.SelectMany(state => new KeyValuePair<string, Tensor>[]
    {
        new(state.Name + ".moment1", state.FirstMoment),
        new(state.Name + ".moment2", state.SecondMoment),
    });

    /// <summary>Goes on where another optimizer stopped after so many updates.</summary>
    public void Restore(int steps, Func<string, Tensor> moment)
    {
        using IDisposable noGrad = no_grad();
        Steps = steps;
        foreach ((string name, Tensor into) in Moments)
        {
            using Tensor stored = moment(name);
            into.copy_(stored);
        }
    }

    /// <summary>Global L2 norm of all gradients; parameters without a gradient count as zero.</summary>
    public double GradientNorm()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor[] norms = [.. Gradients().Select(gradient => linalg.vector_norm(gradient))];
        return norms.Length == 0 ? 0 : linalg.vector_norm(stack(norms)).item<float>();
    }

    /// <summary>Multiplies every gradient.</summary>
    public void ScaleGradients(double factor)
    {
        using IDisposable noGrad = no_grad();
        foreach (Tensor gradient in Gradients())
        {
            gradient.mul_(factor);
        }
    }

    /// <summary>Updates every parameter; the learning rates are multiplied by <paramref name="factor"/>.</summary>
    public void Step(double factor)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Steps++;
        double correction1 = 1 - Math.Pow(Beta1, Steps);
        double correction2Root = Math.Sqrt(1 - Math.Pow(Beta2, Steps));
        foreach ((_, Tensor p, Tensor m, Tensor v, double baseRate) in _states)
        {
            if (p.grad is not Tensor g)
            {
                continue;
            }

            double rate = baseRate * factor;
            p.mul_(1 - (rate * _weightDecay));
            m.mul_(Beta1).add_(g, 1 - Beta1);
            v.mul_(Beta2).addcmul_(g, g, 1 - Beta2);
            p.addcdiv_(m, v.sqrt().div_(correction2Root).add_(Epsilon), -rate / correction1);
        }
    }

    /// <summary>Sets every gradient to zero.</summary>
    public void ZeroGradients()
    {
        using IDisposable noGrad = no_grad();
        foreach (Tensor gradient in Gradients())
        {
            gradient.zero_();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (State state in _states)
        {
            state.FirstMoment.Dispose();
            state.SecondMoment.Dispose();
        }
    }

    private IEnumerable<Tensor> Gradients() => _states.Select(state => state.Parameter.grad).OfType<Tensor>();

    private sealed record State(string Name, Tensor Parameter, Tensor FirstMoment, Tensor SecondMoment, double LearningRate);
}
