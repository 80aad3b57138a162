namespace LoraLab.Training.Models.Generation;

/// <summary>What a model generated after a prompt.</summary>
/// <param name="Ids">The generated ids, without the prompt; with the end token or the tokens of the stop text.</param>
/// <param name="Stop">Why it ended.</param>
/// <param name="Text">The decoded ids up to the stop text; null without a tokenizer.</param>
public sealed record GeneratedText(IReadOnlyList<int> Ids, GenerationStop Stop, string? Text)
{
    /// <summary>Name of the reason in JSON: <c>length</c>, <c>eos</c> or <c>text</c>.</summary>
    public string StopName => Stop switch
    {
        GenerationStop.EndToken => "eos",
        GenerationStop.StopText => "text",
        _ => "length",
    };
}
