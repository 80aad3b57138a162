using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Gradients;
using LoraLab.Training.Training.Optimization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Tests.Support;

/// <summary>A <see cref="TinyLlama"/> with what a method trains, adapters or its weights, and its gradient over a window.</summary>
internal sealed class AdaptedLlama : IDisposable
{
    private FlatParameters? _flat;

    private AdaptedLlama(LlamaModel model) => Model = model;

    public LlamaModel Model { get; }

    public IReadOnlyList<Adapter> Adapters => [.. Model.Linears.Select(linear => linear.Adapter).OfType<Adapter>()];

    public IReadOnlyList<AdapterParameter> Parameters =>
        Model.Trained?.Parameters ?? [.. Adapters.SelectMany(adapter => adapter.Trainable)];

    /// <summary>A specification with the defaults of a method, targeting every linear layer.</summary>
    public static RunSpec SpecOf(string method, int rank = 4, double alpha = 8, JsonObject? options = null) => new()
    {
        Method = method,
        Rank = rank,
        Alpha = alpha,
        TargetModules = TargetModules.AllLinear,
        MethodOptions = LoraMethods.Find(method)!.Complete(options ?? [], []),
    };

    /// <summary>The model with fresh adapters.</summary>
    public static AdaptedLlama Create(RunSpec spec, ScalarType dtype = ScalarType.Float32, LlamaModel? on = null)
    {
        LlamaModel model = on ?? TinyLlama.Build(dtype: dtype);
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        if (method.TrainsWeights)
        {
            model.TrainAll();
            return new(model);
        }

        IReadOnlyList<AdaptedLinear> targets = AdaptedLinear.Of(spec, model.Config);
        LinearLayer[] layers = Adapted(spec, model);
        Func<LinearLayer, AdapterRequest> requests = RandomCalibration.Requests(spec, layers);
        using SharedTensors shared = new();
        foreach (LinearLayer linear in layers)
        {
            AdapterRequest request = requests(linear) with
            {
                Layers = [.. targets.Select(target => target.Linear)],
                Shared = shared,
            };
            linear.Adapter = method.Create(linear, request, spec.MethodOptions);
        }

        return new(model);
    }

    /// <summary>The model with factors of zero in place of those that a decomposition or calibration of minutes would give.</summary>
    public static AdaptedLlama WithZeroFactors(RunSpec spec, LlamaModel model)
    {
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        foreach (LinearLayer linear in Adapted(spec, model))
        {
            AdapterRequest request = AdapterRequest.From(spec, linear.Name);
            linear.Adapter = method.CreateFrom(
                linear, request, zeros(request.Rank, linear.In), zeros(linear.Out, request.Rank), spec.MethodOptions);
        }

        return new(model);
    }

    /// <summary>Adds noise to all parameters, so that no gradient is zero only because a factor is zero-initialized.</summary>
    public AdaptedLlama Perturb(int seed)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new((ulong)seed, CPU);
        foreach (AdapterParameter parameter in Parameters)
        {
            Tensor noise = randn(parameter.Value.shape, generator: generator).Times(0.05);
            parameter.Value.PlusInPlace(noise.to(parameter.Value.dtype).to(parameter.Value.device));
        }

        Model.Trained?.Refresh();

        return this;
    }

    /// <summary>Replaces the factors by trainable float64 copies.</summary>
    public AdaptedLlama InFloat64()
    {
        foreach (LinearLayer linear in Model.Linears.Where(linear => linear.Adapter is not null))
        {
            linear.Adapter = linear.Adapter!.To(float64);
        }

        return this;
    }

    /// <summary>A float64 copy of base weights and factors with the same values.</summary>
    public AdaptedLlama ToFloat64Copy()
    {
        Dictionary<string, Tensor> weights = Model.NamedWeights().ToDictionary(weight => weight.Key, weight => weight.Value);
        LlamaModel wide = LlamaFactory.Build(Model.Config, (name, _) => weights[name].detach().to(float64).clone());
        foreach ((LinearLayer from, LinearLayer to) in Model.Linears.Zip(wide.Linears))
        {
            to.Adapter = from.Adapter;
        }

        if (Model.Trained is not null)
        {
            wide.TrainAll();
        }

        return new AdaptedLlama(wide).InFloat64();
    }

    /// <summary>Loss of a window, with the reductions of a training step. The gradient accumulates in the parameters.</summary>
    public double Accumulate(
        IReadOnlyList<TrainingExample> window,
        int sentencesPerPass,
        LossWeighting weighting = LossWeighting.PerExampleMean,
        DropoutMasks? masks = null)
    {
        ZeroGradients();
        double loss = 0;
        foreach (WindowPass pass in WindowPass.Split(window, sentencesPerPass, weighting, CPU))
        {
            using IDisposable scope = NewDisposeScope();
            Tensor losses_N = functional.cross_entropy(Logits(pass, Of(masks, pass.Examples)), pass.TargetIds_N, reduction: Reduction.None);
            Tensor passLoss = losses_N.mul(pass.Weights_N).sum();
            passLoss.backward();
            loss += passLoss.to(float64).item<double>();
        }

        return loss;
    }

    /// <summary>The same with packed passes and hand-derived gradients.</summary>
    public double AccumulatePacked(
        IReadOnlyList<TrainingExample> window,
        PassLimits limits,
        LossWeighting weighting = LossWeighting.PerExampleMean,
        FlopLedger? ledger = null,
        DropoutMasks? masks = null,
        KernelSet? kernels = null)
    {
        using IDisposable choice = Kernels.Choose(kernels ?? Kernels.For(Model.Device));
        if (Kernels.For(Model.Device) == KernelSet.Gpu)
        {
            // As at the beginning of a run.
            _flat ??= new(JoinedOrder.Of(Model, Parameters, parameter => parameter.Value)
                .Select(parameter => (parameter.Name, parameter.Value, 1.0)));
        }

        foreach (AdapterParameter parameter in Parameters)
        {
            parameter.Value.grad ??= zeros_like(parameter.Value).requires_grad_(false);
        }

        ZeroGradients();
        using IndexArena arena = new();
        WindowWeights weights = new(window, weighting);
        List<TrainingPass> passes = [.. limits.Split(window)
            .Select(examples => TrainingPass.Create(arena, examples, limits, weights.Of, Model.Config))];
        arena.Upload(Model.Device);
        using PackedLlama packed = new(Model) { Ledger = ledger };
        using IDisposable scope = NewDisposeScope();
        double loss = 0;
        foreach (TrainingPass pass in passes)
        {
            loss += packed.Gradient(pass, dropout: Of(masks, pass.Examples)).item<double>();
            pass.Dispose();
        }

        return loss;
    }

    /// <summary>All gradients, flattened and concatenated; zeros for a parameter without one.</summary>
    public Tensor Gradient()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return cat([.. Parameters.Select(parameter => (parameter.Value.grad ?? zeros_like(parameter.Value)).flatten())])
            .MoveToOuterDisposeScope();
    }

    /// <summary>A window of random sentences of the given lengths.</summary>
    public static TrainingExample[] Window(int seed, params int[] lengths) => Window(seed, 1, lengths);

    /// <summary>A window of random sentences that share their first <paramref name="common"/> tokens, truncated to their lengths.</summary>
    public static TrainingExample[] Window(int seed, int common, int[] lengths)
    {
        Random random = new(seed);
        int[] prefix = [1, .. Enumerable.Range(1, Math.Max(0, common - 1)).Select(_ => random.Next(3, TinyLlama.Config.VocabularySize))];
        return [.. lengths.Select((length, row) => TrainingExample.From(
            row, [.. prefix.Take(length), .. Enumerable.Range(0, Math.Max(0, length - prefix.Length))
                .Select(_ => random.Next(3, TinyLlama.Config.VocabularySize))], 1))];
    }

    public void Dispose()
    {
        Model.Dispose();
        _flat?.Dispose();
    }

    private static LinearLayer[] Adapted(RunSpec spec, LlamaModel model)
    {
        HashSet<string> adapted = [.. AdaptedLinear.Of(spec, model.Config).Select(linear => linear.Module)];
        return [.. model.Linears.Where(linear => adapted.Contains(linear.Name))];
    }

    private static DropoutMasks? Of(DropoutMasks? masks, IReadOnlyList<TrainingExample> examples) => masks is null
        ? null
        : masks with
        {
            Rows = [.. examples.Select(example => example.Row)],
            Lengths = [.. examples.Select(example => example.Ids.Length - 1)],
        };

    private Tensor Logits(WindowPass pass, DropoutMasks? masks)
    {
        Tensor hidden_BTD = Model.Hidden(pass.Ids_BT, new ForwardPass(Dropout: masks), pass.TextLengths);
        return Model.Logits(hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N));
    }

    private void ZeroGradients()
    {
        using IDisposable noGrad = no_grad();
        foreach (AdapterParameter parameter in Parameters)
        {
            parameter.Value.grad?.zero_();
        }
    }
}
