using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Context of a forward pass: cancellation, dropout masks, FLOP counter.</summary>
/// <param name="Cancellation">Polled between layers, so that cancelling does not wait for a whole pass.</param>
/// <param name="Dropout">Source of dropout masks; null: no dropout (evaluation, or a rate of 0).</param>
/// <param name="Ledger">Counts the FLOPs of frozen products, including those of the backward pass; null: not counted.</param>
public sealed record ForwardPass(CancellationToken Cancellation = default, DropoutMasks? Dropout = null, FlopLedger? Ledger = null)
{
    /// <summary>Called with each linear layer and its input before it computes; null: nobody observes.</summary>
    public Action<LinearLayer, Tensor>? Observed { get; init; }

    /// <summary>Evaluation that cannot be cancelled.</summary>
    public static ForwardPass Plain { get; } = new();

    /// <summary>
    /// Counts x Wᵀ and, if x requires a gradient, the product that autograd will issue for it. The weight is frozen and has no gradient.
    /// </summary>
    internal void Count(Tensor x_BTI, long height, long width)
    {
        if (Ledger is not null)
        {
            long rows = x_BTI.numel() / width;
            bool backward = x_BTI.requires_grad && is_grad_enabled();
            Ledger.Add(backward ? 2 * rows : rows, height, width);
        }
    }
}
