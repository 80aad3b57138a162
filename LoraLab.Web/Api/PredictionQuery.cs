using System.Globalization;

namespace LoraLab.Web.Api;

/// <summary>A page of the predictions of an evaluation.</summary>
/// <param name="Step">Step of the evaluation, <c>last</c> or <c>best</c>.</param>
public sealed record PredictionQuery(string Step)
{
    /// <summary><c>right</c>, <c>wrong</c>, <c>confident</c> (and wrong) or <c>flipped</c>; null: all.</summary>
    public string? Show { get; init; }

    /// <summary>Whether the rows have their predictions at all evaluations.</summary>
    public bool History { get; init; }

    /// <summary>The true label; null: any.</summary>
    public string? Label { get; init; }

    /// <summary>The predicted label; null: any.</summary>
    public string? Predicted { get; init; }

    /// <summary>Text in the row; null: any.</summary>
    public string? Text { get; init; }

    /// <summary><c>row</c>, <c>margin</c> or <c>loss</c>; null: row.</summary>
    public string? Sort { get; init; }

    /// <summary>Number of rows to skip.</summary>
    public int Offset { get; init; }

    /// <summary>Number of rows.</summary>
    public int Limit { get; init; }

    /// <summary>The query string, with the question mark.</summary>
    public string ToQueryString()
    {
        (string Name, string? Value)[] all =
        [
            ("step", Step),
            ("show", Show),
            ("label", Label),
            ("predicted", Predicted),
            ("q", Text),
            ("sort", Sort),
            ("history", History ? "true" : null),
            ("offset", Offset.ToString(CultureInfo.InvariantCulture)),
            ("limit", Limit.ToString(CultureInfo.InvariantCulture)),
        ];
        return "?" + string.Join('&', all.Where(part => !string.IsNullOrEmpty(part.Value))
            .Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}"));
    }
}
