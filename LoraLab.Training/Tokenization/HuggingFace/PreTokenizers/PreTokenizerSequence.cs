namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>Several divisions, one after the other.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    /// <summary>The divisions.</summary>
    public IReadOnlyList<IPreTokenizer> Steps => steps;

    /// <inheritdoc />
    public void Split(in Piece piece, List<Piece> pieces, TextScratch scratch)
    {
        if (steps.Count == 0)
        {
            pieces.Add(piece);
            return;
        }

        int first = pieces.Count;
        steps[0].Split(in piece, pieces, scratch);
        for (int i = 1; i < steps.Count; i++)
        {
            if (steps[i] is ByteLevelSplit { DoesNothing: true })
            {
                continue;
            }

            Piece[] before = [.. pieces.Skip(first)];
            pieces.RemoveRange(first, pieces.Count - first);
            foreach (Piece part in before)
            {
                steps[i].Split(in part, pieces, scratch);
            }
        }
    }
}
