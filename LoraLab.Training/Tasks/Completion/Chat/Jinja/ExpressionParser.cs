using System.Globalization;
using System.Text;

namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>Parses an expression: what chat templates commonly use of Jinja's.</summary>
/// <exception cref="FormatException">Something is not supported.</exception>
internal sealed class ExpressionParser
{
    private static readonly string[] _symbols =
        ["==", "!=", "<=", ">=", "+", "-", "~", "%", "<", ">", "(", ")", "[", "]", ".", ",", ":", "|", "="];

    private readonly List<(char Kind, string Text)> _tokens = [];
    private int _at;

    /// <summary>A parser of a text.</summary>
    public ExpressionParser(string text)
    {
        for (int i = 0; i < text.Length;)
        {
            char c = text[i];
            if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (c is '\'' or '"')
            {
                _tokens.Add(('s', Quoted(text, ref i)));
            }
            else if (char.IsAsciiDigit(c))
            {
                _tokens.Add(('n', While(text, ref i, char.IsAsciiDigit)));
            }
            else if (char.IsLetter(c) || c == '_')
            {
                _tokens.Add(('w', While(text, ref i, x => char.IsLetterOrDigit(x) || x == '_')));
            }
            else
            {
                int start = i;
                string symbol = Array.Find(_symbols, known => string.CompareOrdinal(text, start, known, 0, known.Length) == 0)
                    ?? throw Unknown(text);
                _tokens.Add(('o', symbol));
                i += symbol.Length;
            }
        }
    }

    /// <summary>Whether nothing follows.</summary>
    public bool IsAtEnd => _at == _tokens.Count;

    /// <summary>Parses a whole text.</summary>
    public static Func<Scope, object?> Parse(string text)
    {
        ExpressionParser parser = new(text);
        Func<Scope, object?> expression = parser.Expression();
        return parser.IsAtEnd ? expression : throw Unknown(text);
    }

    /// <summary>Takes a word or symbol if it follows.</summary>
    public bool Take(string text)
    {
        if (_at < _tokens.Count && _tokens[_at].Kind != 's' && _tokens[_at].Text == text)
        {
            _at++;
            return true;
        }

        return false;
    }

    /// <summary>Takes a name.</summary>
    public string Name() => _at < _tokens.Count && _tokens[_at].Kind == 'w' ? _tokens[_at++].Text : throw Unknown("a name");

    /// <summary>Takes a word or symbol that must follow.</summary>
    public void Require(string text)
    {
        if (!Take(text))
        {
            throw Unknown(text);
        }
    }

    /// <summary>Parses an expression.</summary>
    public Func<Scope, object?> Expression()
    {
        Func<Scope, object?> value = Or();
        if (!Take("if"))
        {
            return value;
        }

        Func<Scope, object?> condition = Or();
        Func<Scope, object?> other = Take("else") ? Expression() : _ => Undefined.Value;
        return scope => Values.IsTrue(condition(scope)) ? value(scope) : other(scope);
    }

    private static FormatException Unknown(string text) => new($"'{text}' is not supported");

    private static string While(string text, ref int i, Func<char, bool> belongs)
    {
        int start = i;
        while (i < text.Length && belongs(text[i]))
        {
            i++;
        }

        return text[start..i];
    }

    private static string Quoted(string text, ref int i)
    {
        char quote = text[i++];
        StringBuilder value = new();
        for (; i < text.Length && text[i] != quote; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                value.Append(text[i]);
                continue;
            }

            value.Append(text[++i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', char other => other });
        }

        return i++ < text.Length ? value.ToString() : throw Unknown(text);
    }

    private Func<Scope, object?> Or()
    {
        Func<Scope, object?> left = And();
        while (Take("or"))
        {
            (Func<Scope, object?> first, Func<Scope, object?> second) = (left, And());
            left = scope => first(scope) is var value && Values.IsTrue(value) ? value : second(scope);
        }

        return left;
    }

    private Func<Scope, object?> And()
    {
        Func<Scope, object?> left = Not();
        while (Take("and"))
        {
            (Func<Scope, object?> first, Func<Scope, object?> second) = (left, Not());
            left = scope => first(scope) is var value && Values.IsTrue(value) ? second(scope) : value;
        }

        return left;
    }

    private Func<Scope, object?> Not()
    {
        if (!Take("not"))
        {
            return Comparison();
        }

        Func<Scope, object?> value = Not();
        return scope => !Values.IsTrue(value(scope));
    }

    private Func<Scope, object?> Comparison()
    {
        Func<Scope, object?> left = Sum();
        while (true)
        {
            Func<Scope, object?> first = left;
            if (Take("is"))
            {
                bool negated = Take("not");
                string test = Name();
                left = scope => Values.Passes(first(scope), test) != negated;
            }
            else if (Take("in"))
            {
                Func<Scope, object?> second = Sum();
                left = scope => Values.IsIn(first(scope), second(scope));
            }
            else if (_at + 1 < _tokens.Count && _tokens[_at].Text == "not" && _tokens[_at + 1].Text == "in")
            {
                _at += 2;
                Func<Scope, object?> second = Sum();
                left = scope => !Values.IsIn(first(scope), second(scope));
            }
            else if (_at < _tokens.Count && _tokens[_at] is { Kind: 'o', Text: "==" or "!=" or "<" or ">" or "<=" or ">=" })
            {
                string symbol = _tokens[_at++].Text;
                Func<Scope, object?> second = Sum();
                left = scope => Values.Compare(symbol, first(scope), second(scope));
            }
            else
            {
                return left;
            }
        }
    }

    private Func<Scope, object?> Sum()
    {
        Func<Scope, object?> left = Product();
        while (_at < _tokens.Count && _tokens[_at] is { Kind: 'o', Text: "+" or "-" or "~" })
        {
            string symbol = _tokens[_at++].Text;
            (Func<Scope, object?> first, Func<Scope, object?> second) = (left, Product());
            left = scope => Values.Add(symbol, first(scope), second(scope));
        }

        return left;
    }

    private Func<Scope, object?> Product()
    {
        Func<Scope, object?> left = Unary();
        while (Take("%"))
        {
            (Func<Scope, object?> first, Func<Scope, object?> second) = (left, Unary());
            left = scope => Values.Whole(first(scope)) % Values.Whole(second(scope));
        }

        return left;
    }

    private Func<Scope, object?> Unary()
    {
        if (Take("-"))
        {
            Func<Scope, object?> value = Unary();
            return scope => -Values.Whole(value(scope));
        }

        return Filtered(Postfix(Primary()));
    }

    private Func<Scope, object?> Filtered(Func<Scope, object?> value)
    {
        while (Take("|"))
        {
            (Func<Scope, object?> input, string filter) = (value, Name());
            List<Func<Scope, object?>> arguments = Take("(") ? Arguments(out _) : [];
            value = scope => Values.Filter(filter, input(scope), [.. arguments.Select(argument => argument(scope))]);
        }

        return value;
    }

    private Func<Scope, object?> Postfix(Func<Scope, object?> value)
    {
        while (true)
        {
            Func<Scope, object?> target = value;
            if (Take("."))
            {
                string name = Name();
                if (Take("("))
                {
                    List<Func<Scope, object?>> arguments = Arguments(out _);
                    value = scope => Values.Call(name, target(scope), [.. arguments.Select(argument => argument(scope))]);
                }
                else
                {
                    value = scope => Values.Item(target(scope), name);
                }
            }
            else if (Take("["))
            {
                value = Subscript(target);
            }
            else
            {
                return value;
            }
        }
    }

    private Func<Scope, object?> Subscript(Func<Scope, object?> target)
    {
        Func<Scope, object?>? from = Take(":") ? null : Expression();
        bool isSlice = from is null || Take(":");
        if (!isSlice)
        {
            Require("]");
            return scope => Values.Item(target(scope), from!(scope));
        }

        Func<Scope, object?>? to = Take("]") ? null : Expression();
        if (to is not null)
        {
            Require("]");
        }

        return scope => Values.Slice(target(scope), from?.Invoke(scope), to?.Invoke(scope));
    }

    private Func<Scope, object?> Primary()
    {
        if (Take("("))
        {
            Func<Scope, object?> inner = Expression();
            Require(")");
            return inner;
        }

        if (Take("["))
        {
            List<Func<Scope, object?>> items = Arguments(out _, "]");
            return scope => items.Select(item => item(scope)).ToList();
        }

        (char kind, string text) = IsAtEnd ? throw Unknown("the end of an expression") : _tokens[_at++];
        switch (kind)
        {
            case 's':
                return _ => text;
            case 'n':
                long number = long.Parse(text, CultureInfo.InvariantCulture);
                return _ => number;
            case 'w':
                return Word(text);
            default:
                throw Unknown(text);
        }
    }

    private Func<Scope, object?> Word(string word)
    {
        switch (word)
        {
            case "true" or "True":
                return _ => true;
            case "false" or "False":
                return _ => false;
            case "none" or "None":
                return _ => null;
            case "raise_exception" when Take("("):
                List<Func<Scope, object?>> message = Arguments(out _);
                return scope => throw new TemplateRefusalException(message.Count == 0 ? "" : Values.Text(message[0](scope)));
            case "namespace" when Take("("):
                List<Func<Scope, object?>> values = Arguments(out List<string?> names);
                return scope =>
                    names.Zip(values).ToDictionary(pair => pair.First ?? "", pair => pair.Second(scope), StringComparer.Ordinal);
            default:
                return Take("(") ? throw Unknown(word) : scope => scope[word];
        }
    }

    private List<Func<Scope, object?>> Arguments(out List<string?> names, string end = ")")
    {
        List<Func<Scope, object?>> arguments = [];
        names = [];
        while (!Take(end))
        {
            bool isNamed = _at + 1 < _tokens.Count && _tokens[_at].Kind == 'w' && _tokens[_at + 1] == ('o', "=");
            names.Add(isNamed ? Name() : null);
            if (isNamed)
            {
                Require("=");
            }

            arguments.Add(Expression());
            if (!Take(","))
            {
                Require(end);
                break;
            }
        }

        return arguments;
    }
}
