using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// The gradient of a window by the literal loop's operators in float64: what every way in fp32, the literal loop too, rounds. How far the
/// literal loop is from it is how well the window's gradient is defined in fp32 at all.
/// </summary>
internal static class Float64Gradient
{
    /// <summary>Loss and gradient of all trained parameters, one after another; the current dispose scope owns it.</summary>
    public static (double Loss, Tensor Gradient) Of(PreparedRun run, int step)
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> weights = run.Model.NamedWeights().ToDictionary(weight => weight.Key, weight => weight.Value);
        using LlamaModel wide = LlamaFactory.Build(run.Model.Config, (name, _) => Wide(weights[name]).DetachFromDisposeScope());
        List<LowRankAdapter> adapters = [];
        foreach ((LinearLayer from, LinearLayer to) in run.Model.Linears.Zip(wide.Linears).Where(pair => pair.First.Adapter is not null))
        {
            to.Adapter = Wide(from.Adapter!);
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
        return (loss, cat([.. adapters.SelectMany(adapter => adapter.Trainable).Select(parameter => parameter.Value.grad!.flatten())]).MoveToOuterDisposeScope());
    }

    private static LowRankAdapter Wide(LowRankAdapter from)
    {
        LowRankAdapter wide = new(from.Module, Wide(from.A_RI), Wide(from.B_OR), from.Scaling, from.DropoutRate, from.R_RR is null ? null : Wide(from.R_RR));
        return from.Extracted is ExtractedFactors extracted ? wide.WithExtracted(new ExtractedFactors(Wide(extracted.A_RI), Wide(extracted.B_OR), extracted.InBranch)) : wide;
    }

    private static Tensor Wide(Tensor value) => value.detach().to(float64).clone();
}
