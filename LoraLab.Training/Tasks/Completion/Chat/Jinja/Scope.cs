namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>The variables that a template sees at one place.</summary>
/// <param name="outer">The variables around it; null: none.</param>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>The value of a name, or <see cref="Undefined"/>.</summary>
    public object? this[string name]
    {
        get => _values.TryGetValue(name, out object? value) ? value : outer is null ? Undefined.Value : outer[name];
        set => _values[name] = value;
    }
}
