using System.Globalization;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>
/// Parses a comparison. The language cannot execute anything: numbers, fields, + - * /, parentheses, one comparison.
/// <code>
/// comparison = sum ("&lt;" | "&lt;=" | "&gt;" | "&gt;=" | "==" | "!=") sum
/// sum        = product { ("+" | "-") product }
/// product    = factor { ("*" | "/") factor }
/// factor     = "-" factor | number | field | "(" sum ")"
/// </code>
/// </summary>
internal sealed class ConstraintParser
{
    public const int MaxLength = 300;
    private const int MaxDepth = 32;

    private static readonly string[] Comparisons = ["<=", ">=", "==", "!=", "<", ">"];

    private readonly string text;
    private readonly Func<string, ConstraintOperand> resolve;
    private readonly HashSet<string> fields = [];
    private int at;
    private int depth;

    private ConstraintParser(string text, Func<string, ConstraintOperand> resolve) => (this.text, this.resolve) = (text, resolve);

    /// <summary>Parses a comparison.</summary>
    /// <param name="text">The comparison.</param>
    /// <param name="resolve">Resolves a name.</param>
    /// <exception cref="FormatException">The text is not a comparison; the message has the position.</exception>
    public static Constraint Parse(string text, Func<string, ConstraintOperand> resolve)
    {
        if (text.Length > MaxLength)
        {
            throw new FormatException($"it has {text.Length} characters; at most {MaxLength} are allowed.");
        }

        ConstraintParser parser = new(text, resolve);
        Expression left = parser.Sum();
        string comparison = parser.Comparison();
        Expression right = parser.Sum();
        parser.SkipSpaces();
        return parser.at < text.Length
            ? throw parser.Error(Comparisons.Any(parser.IsAt) ? "a second comparison; write it as a constraint of its own" : $"'{text[parser.at]}', where the comparison should end")
            : new Constraint(text, parser.fields, left, comparison, right);
    }

    private Expression Sum()
    {
        Expression sum = Product();
        while (Take('+', '-') is { } sign)
        {
            (Expression first, Expression next) = (sum, Product());
            sum = sign == '+' ? number => first(number) + next(number) : number => first(number) - next(number);
        }

        return sum;
    }

    private Expression Product()
    {
        Expression product = Factor();
        while (Take('*', '/') is { } sign)
        {
            (Expression first, Expression next) = (product, Factor());
            product = sign == '*' ? number => first(number) * next(number) : number => first(number) / next(number);
        }

        return product;
    }

    private Expression Factor()
    {
        if (++depth > MaxDepth)
        {
            throw Error("more than " + MaxDepth + " nested signs and parentheses");
        }

        try
        {
            if (Take('-', '-') is not null)
            {
                Expression negated = Factor();
                return number => -negated(number);
            }

            if (Take('(', '(') is not null)
            {
                Expression inner = Sum();
                return Take(')', ')') is null ? throw Error(Found() + ", where a ')' is missing") : inner;
            }

            return at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.') ? Number()
                : at < text.Length && char.IsAsciiLetter(text[at]) ? Field()
                : throw Error(Found() + ", where a number or a field is expected");
        }
        finally
        {
            depth--;
        }
    }

    private Expression Number()
    {
        int start = at;
        SkipDigits();
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            at++;
            if (at < text.Length && text[at] is '+' or '-')
            {
                at++;
            }

            SkipDigits();
        }

        if (!double.TryParse(text.AsSpan(start, at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
        {
            string written = text[start..at];
            at = start;
            throw Error($"'{written}', which is not a number");
        }

        return _ => value;
    }

    private Expression Field()
    {
        int start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '.' or '_'))
        {
            at++;
        }

        string field = text[start..at];
        ConstraintOperand operand = resolve(field);
        if (operand.Problem is { } problem)
        {
            at = start;
            throw Error($"'{field}': {problem}");
        }

        if (operand.Value is { } value)
        {
            return _ => value;
        }

        fields.Add(field);
        return number => number(field);
    }

    private string Comparison()
    {
        SkipSpaces();
        string sign = Comparisons.FirstOrDefault(IsAt) ?? throw Error(Found() + ", where one of < <= > >= == != is expected");
        at += sign.Length;
        return sign;
    }

    private void SkipDigits()
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }
    }

    private char? Take(char one, char other)
    {
        SkipSpaces();
        return at < text.Length && (text[at] == one || text[at] == other) ? text[at++] : null;
    }

    private void SkipSpaces()
    {
        while (at < text.Length && text[at] == ' ')
        {
            at++;
        }
    }

    private bool IsAt(string sign) => string.CompareOrdinal(text, at, sign, 0, sign.Length) == 0;

    private string Found() => at < text.Length ? $"'{text[at]}'" : "the end of the text";

    private FormatException Error(string found) => new($"at character {at + 1} of '{text}' there is {found}.");
}
