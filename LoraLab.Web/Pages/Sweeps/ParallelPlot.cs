using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>A vertical axis of the parallel coordinates.</summary>
/// <param name="Title">Name of the field or objective.</param>
/// <param name="Marks">Tick labels with their heights: 0 at the bottom, 1 at the top.</param>
internal sealed record ParallelAxis(string Title, IReadOnlyList<(string Label, double Height)> Marks);

/// <summary>A trial as a line.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Heights">Height on each axis; null: no value on that axis.</param>
/// <param name="Score">Objective scaled to [0, 1] from the worst to the best trial; null: not evaluated yet.</param>
internal sealed record ParallelLine(SweepTrial Trial, IReadOnlyList<double?> Heights, double? Score);

/// <summary>Trials as lines over one axis per field and one for the objective.</summary>
internal sealed class ParallelPlot
{
    private ParallelPlot(IReadOnlyList<ParallelAxis> axes, IReadOnlyList<ParallelLine> lines) => (Axes, Lines) = (axes, lines);

    internal IReadOnlyList<ParallelAxis> Axes { get; }

    /// <summary>Lines from the worst trial to the best, so that the best are drawn on top.</summary>
    internal IReadOnlyList<ParallelLine> Lines { get; }

    internal static ParallelPlot From(SweepDocument sweep)
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
                double? score = MetricCatalog.Default.Of(objective).Sign < 0 ? 1 - height : height;
                return new ParallelLine(trial, [.. fields.Select(field => field.At(trial.Values[field.Axis.Title])), height], score);
            }).OrderBy(line => line.Score ?? -1),
        ];
        ParallelAxis last = new(SweepAppearance.Objective(objective), values.Length == 0 ? []
            : high > low ? [(SweepAppearance.Value(objective, low), 0), (SweepAppearance.Value(objective, high), 1)]
            : [(SweepAppearance.Value(objective, high), 0.5)]);
        return new ParallelPlot([.. fields.Select(field => field.Axis), last], lines);
    }

    private static (ParallelAxis Axis, Func<JsonNode?, double?> At) Field(SweepField field)
    {
        if (field.Range == SweepRange.Choice)
        {
            IReadOnlyList<JsonNode?> values = field.Values ?? [];
            double Height(int i) => values.Count < 2 ? 0.5 : (double)i / (values.Count - 1);
            return (
                new ParallelAxis(
                    field.Field, [.. values.Select((value, i) => (value is null ? "null" : JsonFormat.Show(value), Height(i)))]),
                value => Enumerable.Range(0, values.Count).Where(i => JsonNode.DeepEquals(values[i], value)).Select(i => (double?)Height(i))
                    .FirstOrDefault());
        }

        bool log = field.Range == SweepRange.LogUniform;
        (double low, double high) = (Scale(field.Low ?? 0), Scale(field.High ?? 1));
        double width = high > low ? high - low : 1;
        double middle = log ? Math.Exp((low + high) / 2) : (low + high) / 2;
        return (
            new ParallelAxis(field.Field,
            [
                (Bound(field.Low), 0),
                (Bound(field.Range == SweepRange.Integer ? Math.Round(middle) : middle), 0.5),
                (Bound(field.High), 1),
            ]),
            value => value is JsonValue number && number.TryGetValue(out double coordinate)
                ? Math.Clamp((Scale(coordinate) - low) / width, 0, 1)
                : null);

        static string Bound(double? value) => value is double number ? NumberFormat.Setting(number) : Format.Nothing;

        double Scale(double value) => log ? Math.Log(value) : value;
    }
}
