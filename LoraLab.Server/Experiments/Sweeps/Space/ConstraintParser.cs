using System.Globalization;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;

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
    public const int MaxLength = SweepLimits.ConstraintLength;
    private const int MaxDepth = 32;

    private static readonly string[] _comparisons = ["<=", ">=", "==", "!=", "<", ">"];

    private readonly string _text;
    private readonly Func<string, ConstraintOperand> _resolve;
    private readonly HashSet<string> _fields = [];
    private int _at;
    private int _depth;

    private ConstraintParser(string text, Func<string, ConstraintOperand> resolve) => (_text, _resolve) = (text, resolve);

    /// <summary>Parses a comparison.</summary>
    /// <param name="text">The comparison.</param>
    /// <param name="resolve">Resolves a name.</param>
    /// <exception cref="FormatException">The text is not a comparison; the message has the position.</exception>
    public static Constraint Parse(string text, Func<string, ConstraintOperand> resolve)
    {
        if (text.Length > MaxLength)
        {
            throw new FormatException(TextLimits.TooLong("it", text.Length, MaxLength));
        }

        ConstraintParser parser = new(text, resolve);
        Expression left = parser.Sum();
        string comparison = parser.Comparison();
        Expression right = parser.Sum();
        parser.SkipSpaces();
        return parser._at < text.Length
            ? throw parser.Error(_comparisons.Any(parser.IsAt)
                ? "a second comparison; write it as a constraint of its own"
                : $"'{text[parser._at]}', where the comparison should end")
            : new Constraint(text, parser._fields, left, comparison, right);
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
        if (++_depth > MaxDepth)
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

            return _at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] == '.') ? Number()
                : _at < _text.Length && char.IsAsciiLetter(_text[_at]) ? Field()
                : throw Error(Found() + ", where a number or a field is expected");
        }
        finally
        {
            _depth--;
        }
    }

    private Expression Number()
    {
        int start = _at;
        SkipDigits();
        if (_at < _text.Length && _text[_at] is 'e' or 'E')
        {
            _at++;
            if (_at < _text.Length && _text[_at] is '+' or '-')
            {
                _at++;
            }

            SkipDigits();
        }

        if (!double.TryParse(_text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            || !double.IsFinite(value))
        {
            string written = _text[start.._at];
            _at = start;
            throw Error($"'{written}', which is not a number");
        }

        return _ => value;
    }

    private Expression Field()
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '.' or '_'))
        {
            _at++;
        }

        string field = _text[start.._at];
        ConstraintOperand operand = _resolve(field);
        if (operand.Problem is { } problem)
        {
            _at = start;
            throw Error($"'{field}': {problem}");
        }

        if (operand.Value is { } value)
        {
            return _ => value;
        }

        _fields.Add(field);
        return number => number(field);
    }

    private string Comparison()
    {
        SkipSpaces();
        string sign = _comparisons.FirstOrDefault(IsAt) ?? throw Error(Found() + ", where one of < <= > >= == != is expected");
        _at += sign.Length;
        return sign;
    }

    private void SkipDigits()
    {
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] == '.'))
        {
            _at++;
        }
    }

    private char? Take(char one, char other)
    {
        SkipSpaces();
        return _at < _text.Length && (_text[_at] == one || _text[_at] == other) ? _text[_at++] : null;
    }

    private void SkipSpaces()
    {
        while (_at < _text.Length && _text[_at] == ' ')
        {
            _at++;
        }
    }

    private bool IsAt(string sign) => string.CompareOrdinal(_text, _at, sign, 0, sign.Length) == 0;

    private string Found() => _at < _text.Length ? $"'{_text[_at]}'" : "the end of the text";

    private FormatException Error(string found) => new($"at character {_at + 1} of '{_text}' there is {found}.");
}
