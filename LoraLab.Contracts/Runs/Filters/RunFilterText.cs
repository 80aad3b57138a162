using LoraLab.Contracts.Runs.Fields;

namespace LoraLab.Contracts.Runs.Filters;

/// <summary>
/// A filter on runs as text: comparisons of fields with values, with <c>and</c>, <c>or</c>, <c>not</c> and parentheses, for example
/// <c>accuracy &gt; 0.9 and method in (lora, pissa)</c>. Its grammar:
/// <code>
/// filter     = term { "or" term }
/// term       = factor { "and" factor }
/// factor     = "not" factor | "(" filter ")" | comparison
/// comparison = field ( "=" | "!=" | "&lt;" | "&lt;=" | "&gt;" | "&gt;=" | "~" | "!~" ) value
///            | field [ "not" ] "in" "(" value { "," value } ")"
/// value      = number [ "%" ] | word | "text" | 'text' | "null"
/// </code>
/// </summary>
public sealed class RunFilterText
{
    /// <summary>Maximum number of characters.</summary>
    public const int MaximumLength = 4_000;

    private const int MaximumDepth = 50;

    private readonly RunFieldCatalog _fields;
    private readonly IReadOnlyList<FilterToken> _tokens;
    private int _next;
    private int _depth;

    private RunFilterText(string text, RunFieldCatalog fields) => (_fields, _tokens) = (fields, FilterToken.Split(text));

    private FilterToken Current => _tokens[_next];

    /// <summary>Reads a filter; null: an empty one, which every run matches.</summary>
    /// <param name="text">The filter.</param>
    /// <param name="fields">The fields; null: those of LoraLab.</param>
    /// <exception cref="FilterException">It is wrong; the exception says where.</exception>
    public static RunCondition? Parse(string? text, RunFieldCatalog? fields = null)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (text.Length > MaximumLength)
        {
            throw new FilterException(MaximumLength, $"a filter has at most {NumberFormat.Count(MaximumLength)} characters.");
        }

        RunFilterText filter = new(text, fields ?? RunFieldCatalog.Default);
        RunCondition condition = filter.Alternatives();
        return filter.Current.Kind == FilterTokenKind.End
            ? condition
            : throw new FilterException(
                filter.Current.Position,
                filter.Current.IsSign(")") ? "this parenthesis was not opened."
                    : filter.Current.IsSign(",") ? "conditions are joined by and or or, not by a comma."
                    : $"and or or is missing before '{filter.Current.Text}'; a text of several words needs quotes.");
    }

    private RunCondition Alternatives()
    {
        List<RunCondition> terms = [Conditions()];
        while (Take("or"))
        {
            terms.Add(Conditions());
        }

        return terms is [{ } only] ? only : new RunCondition.Any(terms);
    }

    private RunCondition Conditions()
    {
        List<RunCondition> factors = [Condition()];
        while (Take("and"))
        {
            factors.Add(Condition());
        }

        return factors is [{ } only] ? only : new RunCondition.All(factors);
    }

    private RunCondition Condition()
    {
        if (++_depth > MaximumDepth)
        {
            throw new FilterException(Current.Position, $"conditions are nested in at most {MaximumDepth} levels.");
        }

        RunCondition condition;
        if (Take("not"))
        {
            condition = new RunCondition.Not(Condition());
        }
        else if (Current.IsSign("("))
        {
            int opened = Current.Position;
            _next++;
            condition = Alternatives();
            if (!Current.IsSign(")"))
            {
                throw Current.Kind == FilterTokenKind.End
                    ? new FilterException(opened, "this parenthesis is not closed.")
                    : new FilterException(Current.Position, $"and, or or ) is missing before '{Current.Text}'.");
            }

            _next++;
        }
        else
        {
            condition = Comparison();
        }

        _depth--;
        return condition;
    }

    private RunCondition Comparison()
    {
        FilterToken name = Current;
        if (name.Kind != FilterTokenKind.Word)
        {
            throw new FilterException(name.Position, name.Kind == FilterTokenKind.End
                ? "a condition is missing, such as accuracy > 0.9."
                : $"a field is missing before '{name.Text}', such as accuracy in accuracy > 0.9.");
        }

        RunField field = _fields.Find(name.Text) ?? throw new FilterException(
            name.Position,
            $"there is no field '{name.Text}'; fields are those of the specification (rank, learningRate, model, …), metrics (accuracy, "
                + "eval/macroF1.best, …), figures of the summary (trainSeconds, peakMemoryMb, …), name, state, tag, study and sweep.");
        _next++;
        bool negated = Take("not");
        if (Take("in"))
        {
            return In(field, negated);
        }

        FilterToken comparison = Current;
        if (negated || comparison.Kind != FilterTokenKind.Sign || comparison.Text is "(" or ")" or ",")
        {
            throw new FilterException(
                comparison.Position, $"a comparison is missing after {name.Text}: one of =, !=, <, <=, >, >=, ~ (contains), !~ and in.");
        }

        _next++;
        return FieldComparison.Create(field, comparison, Value(comparison.Text));
    }

    private RunCondition In(RunField field, bool negated)
    {
        if (!Current.IsSign("("))
        {
            throw new FilterException(Current.Position, $"in is followed by values in parentheses, such as {field.Name} in (a, b).");
        }

        FilterToken equal = Current with { Text = "=" };
        List<RunCondition> any = [];
        do
        {
            _next++;
            any.Add(FieldComparison.Create(field, equal, Value("in")));
        }
        while (Current.IsSign(","));

        if (!Current.IsSign(")"))
        {
            throw new FilterException(Current.Position, "a comma or ) is missing in the list of values.");
        }

        _next++;
        return negated ? new RunCondition.Not(new RunCondition.Any(any)) : new RunCondition.Any(any);
    }

    private FilterToken Value(string after)
    {
        FilterToken value = Current;
        if (value.Kind is not (FilterTokenKind.Word or FilterTokenKind.Quoted))
        {
            throw new FilterException(value.Position, $"a value is missing after {after}.");
        }

        _next++;
        return value;
    }

    private bool Take(string keyword)
    {
        if (!Current.Is(keyword))
        {
            return false;
        }

        _next++;
        return true;
    }
}
