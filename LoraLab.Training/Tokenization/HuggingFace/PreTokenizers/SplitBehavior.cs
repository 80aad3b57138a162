namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>What becomes of the matches where a text is divided (tokenizers, <c>SplitDelimiterBehavior</c>).</summary>
internal enum SplitBehavior
{
    /// <summary>They are left out.</summary>
    Removed,

    /// <summary>Each is a piece of its own.</summary>
    Isolated,

    /// <summary>Each belongs to the piece before it, unless that is a match too.</summary>
    MergedWithPrevious,

    /// <summary>Each belongs to the piece behind it, unless that is a match too.</summary>
    MergedWithNext,

    /// <summary>Neighbors are one piece.</summary>
    Contiguous,
}
