namespace LoraLab.Training.Models.Packed;

/// <summary>Sizes of a packed pass that determine its memory.</summary>
/// <param name="Rows">T: number of tokens, those of a shared prefix counted once.</param>
/// <param name="Sequences">S: number of sentences.</param>
/// <param name="Cells">Cells of all buckets: rows and padding.</param>
/// <param name="BucketCells">Cells of the largest bucket.</param>
/// <param name="BucketPairs">Largest number of query–key pairs of a bucket: S × L².</param>
/// <param name="HeadRows">Rows of the output head's products.</param>
public sealed record PassShape(int Rows, int Sequences, long Cells, long BucketCells, long BucketPairs, int HeadRows)
{
    /// <summary>
    /// Upper bound for a pass of which only lengths are known: every sentence as long as the longest, every row a target.
    /// </summary>
    /// <param name="sentences">Number of sentences.</param>
    /// <param name="longest">Tokens of the longest text, including its last one, which is only a target.</param>
    /// <param name="prefix">Length of the common prefix, which is packed once.</param>
    public static PassShape Largest(int sentences, int longest, int prefix)
    {
        int length = longest - 1;
        int rows = prefix + (sentences * (length - prefix));
        long cells = (long)sentences * length;
        return new(rows, sentences, cells, cells, cells * length, rows);
    }
}
