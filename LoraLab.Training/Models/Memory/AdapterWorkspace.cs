using LoraLab.Training.Adapters;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// What the functions <c>adapted</c> and <c>adapted_back</c> of the kernels hold at most for the adapter of one linear layer, besides the
/// layer's own input and output. Everything of rank r is left out: it is smaller by r / width.
/// </summary>
/// <param name="linear">The layer.</param>
/// <param name="footprint">Its adapter; null: none.</param>
/// <param name="half">The frozen weight is bf16 or fp16.</param>
/// <param name="gpu">On a GPU, which mixes types within an operation; the CPU makes fp32 copies of both operands.</param>
/// <param name="dropout">With dropout.</param>
public sealed class AdapterWorkspace(LinearShape linear, AdapterFootprint? footprint, bool half, bool gpu, bool dropout)
{
    private const double Single = sizeof(float);

    // What is added to an fp32 result when it goes into a bf16 tensor: on the CPU that tensor and the sum in fp32.
    private readonly double _mixed = half && !gpu ? 2 * Single : 0;

    /// <summary>Bytes for each row on the way forward: the input in fp32, the masked input, the branch's output, and adding it.</summary>
    public double Forward
    {
        get
        {
            if (footprint is null)
            {
                return 0;
            }

            double input = ((half ? Single : 0) + (dropout ? Single : 0)) * linear.In;
            double branch = half || footprint.SecondBranch ? Math.Max(Single + _mixed, footprint.SecondBranch ? 2 * Single : 0) : 0;
            return input + (branch * linear.Out);
        }
    }

    /// <summary>Bytes for each row on the way back: the output's gradient in fp32, then either the input in fp32 or the input's gradient and adding it.</summary>
    public double Backward
    {
        get
        {
            if (footprint is null)
            {
                return 0;
            }

            double input = footprint.MiddleOnly ? 0 : (half ? Single : 0) + (dropout ? Single : 0);
            double gradient = half || dropout || footprint.SecondBranch ? Single + _mixed : 0;
            return ((half ? Single : 0) * linear.Out) + (Math.Max(input, gradient) * linear.In);
        }
    }
}
