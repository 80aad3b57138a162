namespace LoraLab.Training.Models.Packed;

/// <summary>What the memory of a packed pass depends on.</summary>
/// <param name="Rows">T: tokens, those of a shared prefix once.</param>
/// <param name="Sequences">S: sentences.</param>
/// <param name="Cells">Rows and padding over all bands.</param>
/// <param name="BandCells">Cells of the largest band.</param>
/// <param name="BandPairs">Most pairs of cells of one sentence, over the sentences of a band: S × L².</param>
/// <param name="HeadRows">Rows of the output head's products.</param>
public sealed record PassShape(int Rows, int Sequences, long Cells, long BandCells, long BandPairs, int HeadRows)
{
    /// <summary>The largest that a pass can be where only lengths are known: every sentence as long as the longest, every row a target.</summary>
    /// <param name="sentences">Sentences of the pass.</param>
    /// <param name="longest">Tokens of the longest text, its last one, which is a target only, included.</param>
    /// <param name="prefix">Tokens that all begin with, packed once.</param>
    public static PassShape Largest(int sentences, int longest, int prefix)
    {
        int length = longest - 1;
        int rows = prefix + (sentences * (length - prefix));
        long cells = (long)sentences * length;
        return new(rows, sentences, cells, cells, cells * length, rows);
    }
}
