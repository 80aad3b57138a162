using System.Globalization;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>
/// Reads a comparison. There is nothing in it that could run anything: numbers, fields, + - * /, parentheses, one comparison.
/// <code>
/// comparison = sum ("&lt;" | "&lt;=" | "&gt;" | "&gt;=" | "==" | "!=") sum
/// sum        = product { ("+" | "-") product }
/// product    = factor { ("*" | "/") factor }
/// factor     = "-" factor | number | field | "(" sum ")"
/// </code>
/// </summary>
internal sealed class ConstraintParser
{
    public const int MaximumLength = 300;
    private const int MaximumDepth = 32;

    private static readonly string[] Comparisons = ["<=", ">=", "==", "!=", "<", ">"];

    private readonly string text;
    private readonly Func<string, ConstraintOperand> meaning;
    private readonly HashSet<string> fields = [];
    private int at;
    private int depth;

    private ConstraintParser(string text, Func<string, ConstraintOperand> meaning) => (this.text, this.meaning) = (text, meaning);

    /// <param name="text">The comparison.</param>
    /// <param name="meaning">What a name stands for.</param>
    /// <exception cref="FormatException">It is not one; the message names the place.</exception>
    public static Constraint Parse(string text, Func<string, ConstraintOperand> meaning)
    {
        if (text.Length > MaximumLength)
        {
            throw new FormatException($"it has {text.Length} characters; at most {MaximumLength} are allowed.");
        }

        ConstraintParser parser = new(text, meaning);
        Expression left = parser.Sum();
        string comparison = parser.Comparison();
        Expression right = parser.Sum();
        parser.Spaces();
        return parser.at < text.Length
            ? throw parser.Wrong(Comparisons.Any(parser.Sees) ? "a second comparison; write it as a constraint of its own" : $"'{text[parser.at]}', where the comparison should end")
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
        if (++depth > MaximumDepth)
        {
            throw Wrong("more than " + MaximumDepth + " signs and parentheses within one another");
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
                return Take(')', ')') is null ? throw Wrong(Found() + ", where a ')' is missing") : inner;
            }

            return at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.') ? Number()
                : at < text.Length && char.IsAsciiLetter(text[at]) ? Field()
                : throw Wrong(Found() + ", where a number or a field is expected");
        }
        finally
        {
            depth--;
        }
    }

    private Expression Number()
    {
        int start = at;
        Digits();
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            at++;
            if (at < text.Length && text[at] is '+' or '-')
            {
                at++;
            }

            Digits();
        }

        if (!double.TryParse(text.AsSpan(start, at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
        {
            string written = text[start..at];
            at = start;
            throw Wrong($"'{written}', which is not a number");
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
        ConstraintOperand means = meaning(field);
        if (means.Problem is { } problem)
        {
            at = start;
            throw Wrong($"'{field}': {problem}");
        }

        if (means.Value is { } value)
        {
            return _ => value;
        }

        fields.Add(field);
        return number => number(field);
    }

    private string Comparison()
    {
        Spaces();
        string sign = Comparisons.FirstOrDefault(Sees) ?? throw Wrong(Found() + ", where one of < <= > >= == != is expected");
        at += sign.Length;
        return sign;
    }

    private void Digits()
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }
    }

    private char? Take(char one, char other)
    {
        Spaces();
        return at < text.Length && (text[at] == one || text[at] == other) ? text[at++] : null;
    }

    private void Spaces()
    {
        while (at < text.Length && text[at] == ' ')
        {
            at++;
        }
    }

    private bool Sees(string sign) => string.CompareOrdinal(text, at, sign, 0, sign.Length) == 0;

    private string Found() => at < text.Length ? $"'{text[at]}'" : "nothing more";

    private FormatException Wrong(string what) => new($"at character {at + 1} of '{text}' there is {what}.");
}
