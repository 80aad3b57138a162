using System.Runtime.InteropServices;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>Several matrices as one whose rows are theirs, without a copy: views of the same memory.</summary>
internal static class JoinedTensors
{
    /// <summary>The matrices below each other, or null if they do not lie in memory that way; the caller owns the result.</summary>
    /// <param name="parts">At least one; contiguous, [rows, columns] or [rows], equal but for the number of rows.</param>
    public static Tensor? Find(IReadOnlyList<Tensor> parts)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor first = parts[0];
        long start = first.storage_offset();
        try
        {
            long next = start;
            foreach (Tensor part in parts)
            {
                if (!part.is_contiguous() || !IsAt(part, first, next))
                {
                    return null;
                }

                next += part.numel();
            }

            long[] shape = [parts.Sum(part => part.shape[0]), .. first.shape[1..]];
            return first.as_strided(shape, first.stride(), start).MoveToOuterDisposeScope();
        }
        catch (ExternalException)
        {
            // The memory of the first part ends before the others would.
            return null;
        }
    }

    /// <summary>
    /// Moves matrices into one and makes them views of it, unless they already are; the caller owns the result. In between there is memory
    /// for one more copy of them.
    /// </summary>
    public static Tensor Join(IReadOnlyList<Tensor> parts)
    {
        if (Find(parts) is Tensor found)
        {
            return found;
        }

        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor joined = cat([.. parts], dim: 0);
        long row = 0;
        foreach (Tensor part in parts)
        {
            long rows = part.shape[0];
            part.set_(joined.narrow(0, row, rows));
            row += rows;
        }

        return joined.MoveToOuterDisposeScope();
    }

    private static bool IsAt(Tensor part, Tensor memory, long offset) =>
        TorchScript.Integer("same_memory", part, memory.as_strided(part.shape, part.stride(), offset)) == 1;
}
