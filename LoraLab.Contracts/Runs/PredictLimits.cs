namespace LoraLab.Contracts.Runs;

/// <summary>Limits of a prediction.</summary>
public static class PredictLimits
{
    /// <summary>Inputs of a request.</summary>
    public const int Inputs = 16;

    /// <summary>Tokens of a request, read and generated.</summary>
    public const int Tokens = 4096;

    /// <summary>Labels of a request.</summary>
    public const int Labels = 200;

    /// <summary>Stop texts of a request.</summary>
    public const int StopTexts = 8;

    /// <summary>Characters of a stop text.</summary>
    public const int StopLength = 100;

    /// <summary>Texts of a request that are tokenized.</summary>
    public const int Texts = 256;

    /// <summary>Seconds that a prediction may take, once the model is loaded.</summary>
    public const int Seconds = 30;
}
