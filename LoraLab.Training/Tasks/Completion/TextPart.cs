namespace LoraLab.Training.Tasks.Completion;

/// <summary>A part of the text of a row.</summary>
/// <param name="Text">Its text; empty for the end token.</param>
/// <param name="IsTarget">Whether its tokens are targets where the loss is on completions only.</param>
/// <param name="IsEnd">Whether it is the token that ends a text in the model's tokenizer.</param>
public readonly record struct TextPart(string Text, bool IsTarget, bool IsEnd = false)
{
    /// <summary>The token that ends a text.</summary>
    public static TextPart End(bool isTarget) => new("", isTarget, IsEnd: true);
}
