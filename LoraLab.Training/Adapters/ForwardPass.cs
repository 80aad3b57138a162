using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>What a forward pass carries besides its input: how to stop it, and the dropout masks while training.</summary>
/// <param name="Cancellation">Polled between layers, so that a cancel does not wait for a whole pass.</param>
/// <param name="Dropout">Source of dropout masks; null: no dropout (evaluation, or a rate of 0).</param>
/// <param name="Ledger">Counts the frozen products, those of the way back included; null: nobody wants to know.</param>
public sealed record ForwardPass(CancellationToken Cancellation = default, DropoutMasks? Dropout = null, FlopLedger? Ledger = null)
{
    /// <summary>Evaluation that cannot be cancelled.</summary>
    public static ForwardPass Plain { get; } = new();

    /// <summary>
    /// Counts x Wᵀ, and the product that autograd will issue for x's gradient where x has one. The weight is frozen: it has none.
    /// </summary>
    internal void Count(Tensor x_BTI, Tensor weight_OI)
    {
        if (Ledger is not null)
        {
            long rows = x_BTI.numel() / weight_OI.shape[1];
            bool back = x_BTI.requires_grad && is_grad_enabled();
            Ledger.Add(back ? 2 * rows : rows, weight_OI.shape[0], weight_OI.shape[1]);
        }
    }
}
