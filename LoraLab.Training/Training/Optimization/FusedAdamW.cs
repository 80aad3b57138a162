using LoraLab.Training.Adapters;
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
    private const double SecondDecay = 0.999;
    private readonly FlatParameters _parameters;
    private readonly AdamWSettings _settings;
    private readonly StepHooks? _hooks;
    private readonly double _weightDecay;
    private readonly double _maxGradNorm;
    private readonly Tensor _moments1, _moments2, _foundInf;
    private readonly List<GroupState> _groups;
    private readonly Tensor? _page1, _page2;

    /// <summary>Creates an optimizer at step 0.</summary>
    /// <param name="parameters">Parameters to update; the optimizer owns them.</param>
    /// <param name="weightDecay">Decoupled weight decay.</param>
    /// <param name="maxGradNorm">Maximum global norm of the unscaled gradient; null: no clipping.</param>
    /// <param name="settings">How the parameters are updated; null: as in PyTorch.</param>
    /// <param name="hooks">What the method does around the steps; the optimizer owns it; null: nothing.</param>
    /// <param name="pageValues">
    /// Values whose moments are moved to the device at a time; they stay in the memory of the host. Null: they stay on the device.
    /// </param>
    public FusedAdamW(
        FlatParameters parameters,
        double weightDecay,
        double? maxGradNorm,
        AdamWSettings? settings = null,
        StepHooks? hooks = null,
        int? pageValues = null)
    {
        (_parameters, _weightDecay, _maxGradNorm) = (parameters, weightDecay, maxGradNorm ?? 0);
        (_settings, _hooks) = (settings ?? AdamWSettings.Default, hooks);
        Device device = parameters.Values.device;
        long count = parameters.Values.numel();
        Device home = pageValues is null ? device : CPU;
        _moments1 = zeros(count, float32, home).DetachFromDisposeScope();
        _moments2 = zeros(count, float32, home).DetachFromDisposeScope();
        _foundInf = zeros(1, float32, device).DetachFromDisposeScope();
        if (pageValues is int page)
        {
            _page1 = zeros(Math.Min(page, count), float32, device).DetachFromDisposeScope();
            _page2 = zeros(Math.Min(page, count), float32, device).DetachFromDisposeScope();
        }

        _groups = [.. parameters.Groups.SelectMany(group => Pages(group, pageValues)).Select(group => new GroupState(
            group.LearningRate,
            [group.Slice(parameters.Values)],
            [group.Slice(parameters.Gradients)],
            [_page1?.narrow(0, 0, group.Count).DetachFromDisposeScope() ?? group.Slice(_moments1)],
            [_page2?.narrow(0, 0, group.Count).DetachFromDisposeScope() ?? group.Slice(_moments2)],
            [zeros_like(_foundInf).DetachFromDisposeScope()],
            _page1 is null ? [] : [group.Slice(_moments1), group.Slice(_moments2)]))];
    }

    /// <summary>
    /// Both moments of every parameter by name, for example <c>model.layers.0.self_attn.q_proj.lora_A.moment1</c>, which the current
    /// dispose scope owns, and the state of the method.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State =>
        _parameters.Views(_moments1, ".moment1").Concat(_parameters.Views(_moments2, ".moment2")).Concat(_hooks?.State ?? []);

    /// <summary>Restores the state of an optimizer after a number of updates.</summary>
    /// <param name="updates">The updates.</param>
    /// <param name="stored">Returns a tensor of <see cref="State"/>.</param>
    public void Restore(int updates, Func<string, Tensor> stored)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        foreach (GroupState group in _groups)
        {
            group.Steps[0].Fill(updates);
        }

        foreach ((string name, Tensor target) in State)
        {
            target.copy_(stored(name));
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
    /// <param name="step">Number of the update, from 1.</param>
    /// <param name="loss">The window's loss, float64, one value.</param>
    /// <param name="lossScale">Loss scale of the gradients.</param>
    /// <param name="rateFactor">Schedule factor of the base learning rates.</param>
    /// <param name="log">Receives loss and norm, float64 [rows, 2].</param>
    /// <param name="row">Row of the log.</param>
    public void Step(int step, Tensor loss, double lossScale, double rateFactor, Tensor log, int row)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        _hooks?.AddGradients(lossScale);
        Tensor gradientFactor = TorchScript.Tensor("measure", _parameters.Gradients, loss, log, row, _foundInf, lossScale, _maxGradNorm);
        _hooks?.TransformGradients();
        (double before, double after) = _settings.DecayAfterUpdate ? (0.0, _weightDecay) : (_weightDecay, 0.0);
        foreach (GroupState group in _groups)
        {
            group.PageIn();
            TorchScript.Run("update", group.Values, group.Gradients, group.Moments1, group.Moments2, group.Steps, gradientFactor, _foundInf,
                group.LearningRate * rateFactor, before, after, Epsilon(step));
            group.PageOut();
        }

        _hooks?.AfterUpdate(step, gradientFactor, _foundInf);
    }

    /// <summary>Clears the overflow flag, so that updates are applied again.</summary>
    public void ClearOverflow()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        _foundInf.zero_();
    }

    /// <summary>What the method says about the run so far; null: nothing. Waits for the device.</summary>
    public string? Describe()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return _hooks?.Describe();
    }

    /// <summary>Metrics of the method by key; empty: none. Waits for the device.</summary>
    public IReadOnlyDictionary<string, double> Metrics()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return _hooks?.Metrics() ?? new Dictionary<string, double>();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _hooks?.Dispose();
        foreach (Tensor part in _groups.SelectMany(group => group.All))
        {
            part.Dispose();
        }

        _page1?.Dispose();
        _page2?.Dispose();
        _moments1.Dispose();
        _moments2.Dispose();
        _foundInf.Dispose();
        _parameters.Dispose();
    }

    // √v + ε before the correction is √(v / correction) + ε / √correction after it.
    private double Epsilon(int step) => _settings.EpsilonBeforeCorrection
        ? _settings.Epsilon / Math.Sqrt(1 - Math.Pow(SecondDecay, step))
        : _settings.Epsilon;

    private static IEnumerable<FlatParameters.Group> Pages(FlatParameters.Group group, int? pageValues)
    {
        long size = pageValues ?? Math.Max(1, group.Count);
        for (long start = 0; start < group.Count; start += size)
        {
            yield return new(group.LearningRate, group.Start + start, Math.Min(size, group.Count - start));
        }
    }

    // Arrays of one, because the kernel takes lists, and only lists passed in as arguments.
    private sealed record GroupState(
        double LearningRate,
        Tensor[] Values,
        Tensor[] Gradients,
        Tensor[] Moments1,
        Tensor[] Moments2,
        Tensor[] Steps,
        Tensor[] Host)
    {
        public IEnumerable<Tensor> All => [.. Values, .. Gradients, .. Moments1, .. Moments2, .. Steps, .. Host];

        /// <summary>Moves the moments to the device, if they are on the host.</summary>
        public void PageIn()
        {
            if (Host is [Tensor moments1, Tensor moments2])
            {
                Moments1[0].copy_(moments1);
                Moments2[0].copy_(moments2);
            }
        }

        /// <summary>Moves them back.</summary>
        public void PageOut()
        {
            if (Host is [Tensor moments1, Tensor moments2])
            {
                moments1.copy_(Moments1[0]);
                moments2.copy_(Moments2[0]);
            }
        }
    }
}
