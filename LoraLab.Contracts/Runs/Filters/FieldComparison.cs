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
    public static RunCondition Create(RunField field, FilterToken comparison, FilterToken value)
    {
        string sign = comparison.Text == "==" ? "=" : comparison.Text;
        if (sign is "!=" or "!~")
        {
            return new RunCondition.Not(Create(field, comparison with { Text = sign[1..] }, value));
        }

        if (value.Is("null"))
        {
            return sign == "="
                ? new RunCondition.Missing(field)
                : throw new FilterException(comparison.Position, "null is compared with = or !=.");
        }

        return sign == "~" ? Contains(field, comparison, value) : field.Kind switch
        {
            RunFieldKind.Number => new RunCondition.Compared(field, sign, Number(field, value)),
            RunFieldKind.Time => new RunCondition.Compared(field, sign, Time(field, value)),
            RunFieldKind.Any when Number(value) is double number => new RunCondition.Compared(field, sign, number),
            _ when sign != "=" => throw new FilterException(
                comparison.Position, $"{field.Name} has no order; compare it with =, !=, ~ (contains), !~ or in."),
            RunFieldKind.Boolean => new RunCondition.Is(field, Boolean(field, value)),
            _ => EqualTo(field, value),
        };
    }

    private static RunCondition.Containing Contains(RunField field, FilterToken comparison, FilterToken value) =>
        field.Kind is RunFieldKind.Text or RunFieldKind.Words or RunFieldKind.Any
            ? new RunCondition.Containing(field, value.Text)
            : throw new FilterException(comparison.Position, $"{field.Name} is no text and cannot contain one; compare it with =, < or >.");

    private static RunCondition.Equal EqualTo(RunField field, FilterToken value) =>
        field.Choices.Count > 0 && !field.Choices.Contains(value.Text, StringComparer.OrdinalIgnoreCase)
            ? throw new FilterException(value.Position, $"{field.Name} is one of {string.Join(", ", field.Choices)}, not '{value.Text}'.")
            : new RunCondition.Equal(field, value.Text);

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
}
