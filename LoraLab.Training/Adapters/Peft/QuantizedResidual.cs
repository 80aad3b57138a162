using LoraLab.Contracts.Runs;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// The base of a run whose method took factors from it and which held the rest in four bits. Its adapter is saved relative to the original
/// base: the trained factors, and below them those that were taken, with the other sign. On a base in four bits that is another model than
/// the trained one, because there the rest was quantized without those factors.
/// </summary>
internal static class QuantizedResidual
{
    /// <summary>
    /// Gives the layers the rest that the run trained on, and takes the lower half of their adapters away; returns those that changed.
    /// </summary>
    /// <param name="trained">Specification of the run that trained the adapters; null: not known, nothing changes.</param>
    /// <param name="layers">Layers with the adapters.</param>
    public static IReadOnlyList<LinearLayer> Restore(RunSpec? trained, IEnumerable<LinearLayer> layers)
    {
        if (trained is null or { BaseWeights: BaseWeights.AsStored }
            || LoraMethods.Find(trained.Method) is not { TakesFromBase: true } method || method.SubtractsInBranch(trained.MethodOptions))
        {
            return [];
        }

        using IDisposable noGrad = no_grad();
        List<LinearLayer> changed = [];
        foreach (LinearLayer layer in layers)
        {
            if (layer is { Quantized: not null, ReadOriginal: not null, Adapter: LowRankAdapter { R_RR: null, Extracted: null } adapter }
                && adapter.Rank % 2 == 0)
            {
                using IDisposable scope = NewDisposeScope();
                int half = adapter.Rank / 2;
                Tensor lowerA_RI = adapter.A_RI.detach().narrow(0, half, half);
                BaseResidual.Subtract(layer, lowerA_RI.neg(), adapter.B_OR.detach().narrow(1, half, half), adapter.Scaling);
                lowerA_RI.zero_();
                changed.Add(layer);
            }
        }

        return changed;
    }

    /// <summary>Quantizes the weights of layers again as they are in the checkpoint.</summary>
    public static void Undo(IEnumerable<LinearLayer> layers)
    {
        foreach (LinearLayer layer in layers)
        {
            using IDisposable scope = NewDisposeScope();
            layer.ReplaceWeight(layer.Original_OI.DetachFromDisposeScope());
        }
    }
}
