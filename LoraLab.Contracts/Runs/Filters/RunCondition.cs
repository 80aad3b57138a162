using System.Globalization;
using LoraLab.Contracts.Runs.Fields;

namespace LoraLab.Contracts.Runs.Filters;

/// <summary>
/// A condition on runs as a tree, which a store evaluates on documents or translates to its own language. A run without a value matches
/// <see cref="Missing"/>, and no comparison.
/// </summary>
public abstract record RunCondition
{
    private RunCondition()
    {
    }

    /// <summary>Whether a run matches.</summary>
    public abstract bool Matches(RunDocument run);

    /// <summary>The texts of a value: of words each, else the value's own; of a missing one none.</summary>
    private static IEnumerable<string> Texts(object? value) => value switch
    {
        null => [],
        IReadOnlyList<string> words => words,
        _ => [Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""],
    };

    /// <summary>All of them.</summary>
    public sealed record All(IReadOnlyList<RunCondition> Of) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) => Of.All(one => one.Matches(run));
    }

    /// <summary>At least one of them.</summary>
    public sealed record Any(IReadOnlyList<RunCondition> Of) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) => Of.Any(one => one.Matches(run));
    }

    /// <summary>The opposite.</summary>
    public sealed record Not(RunCondition Of) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) => !Of.Matches(run);
    }

    /// <summary>The field has no value: null, an empty text or no words.</summary>
    public sealed record Missing(RunField Field) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) => Field.Read(run) is null or "" or IReadOnlyList<string> { Count: 0 };
    }

    /// <summary>The field's text, or one of its words, contains a text in any case.</summary>
    public sealed record Containing(RunField Field, string Text) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) =>
            Texts(Field.Read(run)).Any(text => text.Contains(Text, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The field's text, or one of its words, is a text in any case.</summary>
    public sealed record Equal(RunField Field, string Text) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) =>
            Texts(Field.Read(run)).Any(text => text.Equals(Text, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The field is true, or false.</summary>
    public sealed record Is(RunField Field, bool Value) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) => Field.Read(run) is bool on && on == Value;
    }

    /// <summary>The field's number compares with a value.</summary>
    /// <param name="Field">The field; a time is compared as seconds since 1970.</param>
    /// <param name="Sign">One of &lt;, &lt;=, =, &gt;= and &gt;.</param>
    /// <param name="Value">The value.</param>
    public sealed record Compared(RunField Field, string Sign, double Value) : RunCondition
    {
        /// <inheritdoc/>
        public override bool Matches(RunDocument run) => Field.SortKey(run) is double own && Sign switch
        {
            "<" => own < Value,
            "<=" => own <= Value,
            ">" => own > Value,
            ">=" => own >= Value,
            _ => own == Value,
        };
    }
}
