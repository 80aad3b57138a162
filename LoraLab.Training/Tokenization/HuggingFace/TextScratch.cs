namespace LoraLab.Training.Tokenization.HuggingFace;

/// <summary>Memory that is reused from text to text; for one thread.</summary>
internal sealed class TextScratch
{
    /// <summary>Choices of a pattern that is being matched.</summary>
    public Stack<(int At, int Position, int Least)> Choices { get; } = new();

    /// <summary>Matches in a piece.</summary>
    public List<TextMatch> Matches { get; } = [];
}
