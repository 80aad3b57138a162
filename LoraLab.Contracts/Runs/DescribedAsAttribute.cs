namespace LoraLab.Contracts.Runs;

/// <summary>States which type describes the members of an object that is read as plain JSON.</summary>
/// <param name="type">The type whose schema the API document gives the property.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DescribedAsAttribute(Type type) : Attribute
{
    /// <summary>The type whose schema the API document gives the property.</summary>
    public Type Type { get; } = type;
}
