namespace LoraLab.Training.Data;

/// <summary>Consecutive target tokens of a text, as positions in its ids.</summary>
/// <param name="Start">First target; at least 1, because the first token follows nothing.</param>
/// <param name="End">Behind the last target.</param>
public readonly record struct TargetRange(int Start, int End)
{
    /// <summary>Number of targets.</summary>
    public int Count => End - Start;
}
