namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>The value of a name that has none; <c>none</c> is null.</summary>
internal sealed class Undefined
{
    private Undefined()
    {
    }

    /// <summary>The value.</summary>
    public static Undefined Value { get; } = new();
}
