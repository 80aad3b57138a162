using System.Globalization;
using LoraLab.Contracts.Runs.Fields;

namespace LoraLab.Contracts.Runs.Filters;

/// <summary>
/// The comparison of a field with a value. A run without a value matches <c>= null</c>, and the comparisons <c>!=</c> and <c>!~</c>, which
/// are the opposites of <c>=</c> and <c>~</c>; no other.
/// </summary>
internal static class FieldComparison
{
    private const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    /// <summary>Creates a comparison.</summary>
    /// <param name="field">The field.</param>
    /// <param name="comparison">Its sign.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="FilterException">The field has no such comparison, or values of another kind.</exception>
    public static Predicate<RunDocument> Create(RunField field, FilterToken comparison, FilterToken value)
    {
        string sign = comparison.Text == "==" ? "=" : comparison.Text;
        if (sign is "!=" or "!~")
        {
            Predicate<RunDocument> opposite = Create(field, comparison with { Text = sign[1..] }, value);
            return run => !opposite(run);
        }

        if (value.Is("null"))
        {
            return sign == "="
                ? run => field.Read(run) is null or "" or IReadOnlyList<string> { Count: 0 }
                : throw new FilterException(comparison.Position, "null is compared with = or !=.");
        }

        return sign == "~" ? Contains(field, comparison, value) : field.Kind switch
        {
            RunFieldKind.Number => Ordered(field, sign, Number(field, value)),
            RunFieldKind.Time => Ordered(field, sign, Time(field, value)),
            RunFieldKind.Any when Number(value) is double number => Ordered(field, sign, number),
            _ when sign != "=" => throw new FilterException(
                comparison.Position, $"{field.Name} has no order; compare it with =, !=, ~ (contains), !~ or in."),
            RunFieldKind.Boolean => Is(field, Boolean(field, value)),
            RunFieldKind.Any => run => Equal(Text(field.Read(run)), value.Text),
            _ => EqualTo(field, value),
        };
    }

    private static Predicate<RunDocument> Contains(RunField field, FilterToken comparison, FilterToken value) =>
        field.Kind is RunFieldKind.Text or RunFieldKind.Words or RunFieldKind.Any
            ? run => Texts(field.Read(run)).Any(text => text.Contains(value.Text, StringComparison.OrdinalIgnoreCase))
            : throw new FilterException(comparison.Position, $"{field.Name} is no text and cannot contain one; compare it with =, < or >.");

    private static Predicate<RunDocument> EqualTo(RunField field, FilterToken value)
    {
        if (field.Choices.Count > 0 && !field.Choices.Contains(value.Text, StringComparer.OrdinalIgnoreCase))
        {
            throw new FilterException(value.Position, $"{field.Name} is one of {string.Join(", ", field.Choices)}, not '{value.Text}'.");
        }

        return run => Texts(field.Read(run)).Any(text => Equal(text, value.Text));
    }

    private static Predicate<RunDocument> Is(RunField field, bool value) => run => field.Read(run) is bool on && on == value;

    private static Predicate<RunDocument> Ordered(RunField field, string sign, double value) => run =>
        field.SortKey(run) is double own && sign switch
        {
            "<" => own < value,
            "<=" => own <= value,
            ">" => own > value,
            ">=" => own >= value,
            _ => own == value,
        };

    private static double Number(RunField field, FilterToken value) => Number(value)
        ?? throw new FilterException(value.Position, $"{field.Name} is a number, and '{value.Text}' is none; write 0.9, 90% or 2e-4.");

    private static double? Number(FilterToken value)
    {
        bool percent = value.Text.EndsWith('%');
        string digits = percent ? value.Text[..^1] : value.Text;
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? percent ? number / 100 : number
            : null;
    }

    private static double Time(RunField field, FilterToken value) =>
        DateTimeOffset.TryParse(value.Text, CultureInfo.InvariantCulture, Utc, out DateTimeOffset at)
            ? at.ToUnixTimeMilliseconds() / 1000.0
            : throw new FilterException(
                value.Position, $"{field.Name} is a time, and '{value.Text}' is none; write 2026-01-31 or 2026-01-31T18:00.");

    private static bool Boolean(RunField field, FilterToken value) => bool.TryParse(value.Text, out bool on)
        ? on
        : throw new FilterException(value.Position, $"{field.Name} is true or false, not '{value.Text}'.");

    private static IEnumerable<string> Texts(object? value) => value switch
    {
        null => [],
        IReadOnlyList<string> words => words,
        _ => [Text(value)],
    };

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static bool Equal(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
