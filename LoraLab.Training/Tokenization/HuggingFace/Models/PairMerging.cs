namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>
/// Merges the symbols of a word: of all neighbors that have a merge, those of the lowest rank first, the leftmost on ties, until none is
/// left (tokenizers, <c>models/bpe/word.rs</c>).
/// </summary>
internal static class PairMerging
{
    /// <summary>Longer words use a queue.</summary>
    private const int ShortWord = 48;

    /// <summary>Merges in place and returns the number of symbols that are left, at the start.</summary>
    public static int Merge(Span<int> symbols, MergeTable merges) =>
        symbols.Length <= ShortWord ? MergeShort(symbols, merges) : MergeLong(symbols, merges);

    private static int MergeShort(Span<int> symbols, MergeTable merges)
    {
        Span<MergeTable.Merge> pairs = stackalloc MergeTable.Merge[ShortWord];
        int count = symbols.Length;
        for (int i = 0; i + 1 < count; i++)
        {
            pairs[i] = Find(symbols, i, merges);
        }

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                best = pairs[i].Rank < pairs[best].Rank ? i : best;
            }

            if (pairs[best].Rank == int.MaxValue)
            {
                break;
            }

            symbols[best] = pairs[best].Id;
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            pairs[(best + 1)..(count - 1)].CopyTo(pairs[best..]);
            count--;
            if (best + 1 < count)
            {
                pairs[best] = Find(symbols, best, merges);
            }

            if (best > 0)
            {
                pairs[best - 1] = Find(symbols, best - 1, merges);
            }
        }

        return count;
    }

    private static MergeTable.Merge Find(Span<int> symbols, int left, MergeTable merges) =>
        merges.TryFind(symbols[left], symbols[left + 1], out MergeTable.Merge merge) ? merge : new(int.MaxValue, -1);

    private static int MergeLong(Span<int> symbols, MergeTable merges)
    {
        int[] next = new int[symbols.Length];
        int[] previous = new int[symbols.Length];
        PriorityQueue<(int Left, int Id), long> queue = new(symbols.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1);
            Enqueue(symbols, i, i + 1, merges, queue);
        }

        while (queue.TryDequeue(out (int Left, int Id) pair, out _))
        {
            int right = symbols[pair.Left] < 0 ? symbols.Length : next[pair.Left];
            if (right == symbols.Length || !merges.TryFind(symbols[pair.Left], symbols[right], out MergeTable.Merge merge)
                || merge.Id != pair.Id)
            {
                continue; // One of the two has been merged since.
            }

            symbols[pair.Left] = merge.Id;
            symbols[right] = -1;
            int after = next[right];
            next[pair.Left] = after;
            if (after < symbols.Length)
            {
                previous[after] = pair.Left;
            }

            Enqueue(symbols, pair.Left, after, merges, queue);
            if (previous[pair.Left] >= 0)
            {
                Enqueue(symbols, previous[pair.Left], pair.Left, merges, queue);
            }
        }

        int count = 0;
        for (int i = 0; i < symbols.Length; i = next[i])
        {
            symbols[count++] = symbols[i];
        }

        return count;
    }

    private static void Enqueue(Span<int> symbols, int left, int right, MergeTable merges, PriorityQueue<(int Left, int Id), long> queue)
    {
        if (right < symbols.Length && merges.TryFind(symbols[left], symbols[right], out MergeTable.Merge merge))
        {
            queue.Enqueue((left, merge.Id), ((long)merge.Rank << 32) | (uint)left);
        }
    }
}
