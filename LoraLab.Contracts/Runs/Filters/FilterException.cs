namespace LoraLab.Contracts.Runs.Filters;

/// <summary>A filter on runs is wrong.</summary>
/// <param name="position">Index of the character where, from 0.</param>
/// <param name="message">What is wrong there, in one sentence.</param>
public sealed class FilterException(int position, string message) : Exception(message)
{
    /// <summary>Index of the character where, from 0.</summary>
    public int Position { get; } = position;

    /// <summary>What is wrong and where: <c>At character 5: …</c>, counted from 1.</summary>
    public string Sentence => FormattableString.Invariant($"At character {Position + 1}: {Message}");
}
