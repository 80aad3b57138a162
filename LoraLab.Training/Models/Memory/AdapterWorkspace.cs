using LoraLab.Training.Adapters;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Peak workspace of the kernel functions <c>adapted</c> and <c>adapted_backward</c> for the adapter of one linear layer, in addition to
/// the layer's own input and output. Rank-r tensors are omitted: they are smaller by a factor of r / width.
/// </summary>
/// <param name="linear">The layer.</param>
/// <param name="footprint">Its adapter; null: none.</param>
/// <param name="half">Whether the frozen weight is bf16 or fp16.</param>
/// <param name="gpu">Whether it runs on a GPU, which mixes dtypes within an operation; the CPU makes fp32 copies of both operands.</param>
/// <param name="dropout">Whether there is dropout.</param>
public sealed class AdapterWorkspace(LinearShape linear, AdapterFootprint? footprint, bool half, bool gpu, bool dropout)
{
    private const double Single = sizeof(float);

    // Adding an fp32 result to a bf16 tensor on the CPU copies that tensor to fp32 and computes the sum in fp32.
    private readonly double _mixedAddition = half && !gpu ? 2 * Single : 0;

    /// <summary>Bytes per row in the forward pass: the input in fp32, the masked input, the branch's output, and its addition.</summary>
    public double Forward
    {
        get
        {
            if (footprint is null)
            {
                return 0;
            }

            if (footprint.Rank == 0)
            {
                // The product with the weight update of half precision.
                return half ? sizeof(short) * linear.Out : 0;
            }

            double input = ((half ? Single : 0) + (dropout ? Single : 0)) * linear.In;
            double branch = half || footprint.SecondBranch ? Math.Max(Single + _mixedAddition, footprint.SecondBranch ? 2 * Single : 0) : 0;
            // The output before it is scaled, in fp32, and the product with the weight.
            double scaled = footprint.ScalesOutput ? 2 * Single : 0;
            return input + ((branch + scaled) * linear.Out);
        }
    }

    /// <summary>
    /// Bytes per row in the backward pass: the output gradient in fp32, then either the input in fp32 or the input gradient and its
    /// addition.
    /// </summary>
    public double Backward
    {
        get
        {
            if (footprint is not { Rank: > 0 })
            {
                return 0;
            }

            double input = footprint.MiddleOnly ? 0 : (half ? Single : 0) + (dropout ? Single : 0);
            double gradient = half || dropout || footprint.SecondBranch ? Single + _mixedAddition : 0;
            // The scaled gradient; before that, the product from which the gradient of the scale is summed.
            double scaled = footprint.ScalesOutput ? Single * linear.Out : 0;
            return ((half ? Single : 0) * linear.Out) + scaled + Math.Max(Math.Max(input, gradient) * linear.In, scaled);
        }
    }
}
