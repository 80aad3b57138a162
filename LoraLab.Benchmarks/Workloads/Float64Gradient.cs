using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// The gradient of a window with the operators of the reference path in float64, the reference of every fp32 implementation. The error of
/// the fp32 reference path against it shows how well the gradient of the window is defined in fp32 at all.
/// </summary>
internal static class Float64Gradient
{
    /// <summary>Loss, and gradient of all trained parameters, flattened and concatenated; owned by the current dispose scope.</summary>
    public static (double Loss, Tensor Gradient) Compute(PreparedRun run, int step)
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> weights = run.Model.NamedWeights().ToDictionary(weight => weight.Key, weight => weight.Value);
        using LlamaModel wide = LlamaFactory.Build(run.Model.Config, (name, _) => ToFloat64(weights[name]).DetachFromDisposeScope());
        List<Adapter> adapters = [];
        foreach ((LinearLayer from, LinearLayer to) in run.Model.Linears.Zip(wide.Linears).Where(pair => pair.First.Adapter is not null))
        {
            to.Adapter = from.Adapter!.To(float64);
            adapters.Add(to.Adapter);
        }

        double loss = 0;
        foreach (WindowPass pass in WindowPass.Split(run.Window(step), 1, run.Spec.LossWeighting, run.Device))
        {
            using WindowPass current = pass;
            using IDisposable passScope = NewDisposeScope();
            Tensor hidden_BTD = wide.Hidden(pass.Ids_BT, ForwardPass.Plain);
            Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N);
            Tensor losses_N = functional.cross_entropy(wide.Logits(hidden_ND), pass.TargetIds_N, reduction: Reduction.None);
            Tensor passLoss = losses_N.mul(pass.Weights_N.to(float64)).sum();
            passLoss.backward();
            loss += passLoss.item<double>();
        }

        using IDisposable noGrad = no_grad();
        return (loss, cat([.. adapters.SelectMany(adapter => adapter.Trainable).Select(parameter => parameter.Value.grad!.flatten())])
            .MoveToOuterDisposeScope());
    }

    private static Tensor ToFloat64(Tensor value) => value.detach().to(float64).clone();
}
