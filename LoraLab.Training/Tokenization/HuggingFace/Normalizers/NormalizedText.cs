namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>A text that is being normalized.</summary>
/// <param name="Text">Text.</param>
/// <param name="Leading">UTF-16 units at its start that come from the first character of the row.</param>
internal readonly record struct NormalizedText(string Text, int Leading)
{
    /// <summary>The text after a change of every character on its own.</summary>
    public NormalizedText Map(Func<string, string> change)
    {
        string changed = change(Text);
        return (object)changed == Text ? this : new(changed, Math.Min(change(Text[..Leading]).Length, changed.Length));
    }
}
