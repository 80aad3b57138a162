using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>A vertical axis of the parallel coordinates: marks with their heights, 0 at the foot and 1 at the top.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Marks">Labels.</param>
internal sealed record ParallelAxis(string Title, IReadOnlyList<(string Label, double Height)> Marks);

/// <summary>A trial as a line.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Heights">Its height on every axis; null where it has no value there.</param>
/// <param name="Share">Where its value lies between the worst (0) and the best (1); null: it has none.</param>
internal sealed record ParallelLine(SweepTrial Trial, IReadOnlyList<double?> Heights, double? Share);

/// <summary>Trials as lines over an axis for each field and one for the objective.</summary>
internal sealed class ParallelPlot
{
    private ParallelPlot(IReadOnlyList<ParallelAxis> axes, IReadOnlyList<ParallelLine> lines) => (Axes, Lines) = (axes, lines);

    internal IReadOnlyList<ParallelAxis> Axes { get; }

    /// <summary>The worst first, so that the best lie on top.</summary>
    internal IReadOnlyList<ParallelLine> Lines { get; }

    internal static ParallelPlot Of(SweepDocument sweep)
    {
        (ParallelAxis Axis, Func<JsonNode?, double?> At)[] fields = [.. sweep.Plan.Space.Select(Field)];
        string objective = sweep.Plan.Objective;
        double[] values = [.. sweep.Trials.Select(trial => trial.Value).OfType<double>()];
        (double low, double high) = values.Length == 0 ? (0, 1) : (values.Min(), values.Max());
        double width = high > low ? high - low : 1;
        IReadOnlyList<ParallelLine> lines =
        [
            .. sweep.Trials.Where(trial => trial.State is not null).Select(trial =>
            {
                double? height = trial.Value is double value ? high > low ? (value - low) / width : 0.5 : null;
                double? share = MetricKeys.LowerIsBetter(objective) ? 1 - height : height;
                return new ParallelLine(trial, [.. fields.Select(field => field.At(trial.Values[field.Axis.Title])), height], share);
            }).OrderBy(line => line.Share ?? -1),
        ];
        ParallelAxis last = new(SweepAppearance.Objective(objective), values.Length == 0 ? [] : high > low ? [(SweepAppearance.Value(objective, low), 0), (SweepAppearance.Value(objective, high), 1)] : [(SweepAppearance.Value(objective, high), 0.5)]);
        return new ParallelPlot([.. fields.Select(field => field.Axis), last], lines);
    }

    private static (ParallelAxis Axis, Func<JsonNode?, double?> At) Field(SweepField field)
    {
        if (field.Range == SweepRange.Choice)
        {
            IReadOnlyList<JsonNode?> values = field.Values ?? [];
            double Height(int i) => values.Count < 2 ? 0.5 : (double)i / (values.Count - 1);
            return (
                new ParallelAxis(field.Field, [.. values.Select((value, i) => (value is null ? "null" : JsonFormat.Show(value), Height(i)))]),
                value => Enumerable.Range(0, values.Count).Where(i => JsonNode.DeepEquals(values[i], value)).Select(i => (double?)Height(i)).FirstOrDefault());
        }

        bool log = field.Range == SweepRange.LogUniform;
        (double low, double high) = (Scale(field.Low ?? 0), Scale(field.High ?? 1));
        double width = high > low ? high - low : 1;
        double middle = log ? Math.Exp((low + high) / 2) : (low + high) / 2;
        return (
            new ParallelAxis(field.Field, [(Format.Number(field.Low), 0), (Format.Number(field.Range == SweepRange.Integer ? Math.Round(middle) : middle), 0.5), (Format.Number(field.High), 1)]),
            value => value is JsonValue number && number.TryGetValue(out double coordinate) ? Math.Clamp((Scale(coordinate) - low) / width, 0, 1) : null);

        double Scale(double value) => log ? Math.Log(value) : value;
    }
}
