using System.Globalization;
using LoraLab.Training.Tasks.Completion.Metrics;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>A generated text, compared with the reference of its row.</summary>
/// <param name="Reference">The reference.</param>
/// <param name="Generated">The generated text.</param>
internal sealed record ComparedText(string Reference, string Generated)
{
    /// <summary>Columns of the comparison in a predictions file.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["exactMatch", "rougeL", "numericMatch"];

    /// <summary>Cells of a row without a generated text.</summary>
    public static IReadOnlyList<string> NoCells { get; } = ["", "", ""];

    /// <summary>As <see cref="TextMetrics.ExactMatch"/>.</summary>
    public double ExactMatch { get; } = TextMetrics.ExactMatch(Reference, Generated);

    /// <summary>As <see cref="TextMetrics.RougeL"/>.</summary>
    public double RougeL { get; } = TextMetrics.RougeL(Reference, Generated);

    /// <summary>As <see cref="TextMetrics.NumericMatch"/>.</summary>
    public double? NumericMatch { get; } = TextMetrics.NumericMatch(Reference, Generated);

    /// <summary>Cells of the comparison.</summary>
    public IReadOnlyList<string> Cells => [Text(ExactMatch), Text(RougeL), NumericMatch is double match ? Text(match) : ""];

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
