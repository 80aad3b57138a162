namespace LoraLab.Training.Adapters.Calibration;

/// <summary>
/// Which inputs of blocks a backward pass over calibration rows keeps. All rows go through a block before the next, so that the inputs of
/// all blocks would be kept of all rows; of a deep model, only those of the first block of each segment are, and the others are computed
/// again from them, one segment at a time.
/// </summary>
public static class GradientCheckpoints
{
    /// <summary>Models of up to this many blocks keep all inputs, since computing them again would take longer than it saves.</summary>
    private const int FewBlocks = 8;

    /// <summary>Blocks in a segment: about the square root of their number, at which the fewest streams are kept.</summary>
    /// <param name="blocks">Blocks of the model.</param>
    public static int SegmentLength(int blocks) => blocks <= FewBlocks ? 1 : (int)Math.Ceiling(Math.Sqrt(blocks));

    /// <summary>
    /// Residual streams of a row that exist at the same time: checkpoints, inputs within a segment, the output and its gradient.
    /// </summary>
    /// <param name="blocks">Blocks of the model.</param>
    public static int Streams(int blocks)
    {
        int length = SegmentLength(blocks);
        return ((blocks + length - 1) / length) + (length - 1) + 2;
    }
}
