namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>The merges of byte-pair encoding: which two neighbors become one token, and in what order of preference.</summary>
internal sealed class MergeTable
{
    private readonly Dictionary<ulong, Merge> _merges;

    /// <summary>An empty table.</summary>
    /// <param name="capacity">Number of merges to come.</param>
    public MergeTable(int capacity) => _merges = new(capacity);

    /// <summary>Adds a merge; one that is there already gets the new rank, as in Hugging Face's tokenizers.</summary>
    public void Set(int left, int right, int rank, int merged) => _merges[Key(left, right)] = new(rank, merged);

    /// <summary>Finds the merge of two neighbors.</summary>
    public bool TryFind(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>A merge.</summary>
    /// <param name="Rank">Position in the list; the lowest merges first.</param>
    /// <param name="Id">Token that the two become.</param>
    internal readonly record struct Merge(int Rank, int Id);
}
