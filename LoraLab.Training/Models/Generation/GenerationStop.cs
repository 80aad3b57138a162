namespace LoraLab.Training.Models.Generation;

/// <summary>Why a generated text ended.</summary>
public enum GenerationStop
{
    /// <summary>It has the maximum number of tokens, or the whole text is as long as the model reads.</summary>
    Length,

    /// <summary>Its last token is one of the end tokens.</summary>
    EndToken,

    /// <summary>One of the stop texts came out.</summary>
    StopText,
}
