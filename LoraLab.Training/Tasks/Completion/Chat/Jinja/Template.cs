using System.Text;

namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>
/// A chat template in Jinja, as far as chat templates commonly use it: enough to see what a template writes of a short conversation. Rows
/// are never written with it.
/// </summary>
internal sealed class Template
{
    // A template that never ends is none.
    private const int MaxSteps = 100_000;

    private readonly IReadOnlyList<(Lexer.Kind Kind, string Content)> _parts;
    private readonly Action<Scope, StringBuilder> _body;
    private int _at;
    private int _steps;

    private Template(string text)
    {
        _parts = Lexer.Split(text);
        _body = Block([]);
    }

    /// <summary>What a template writes of a conversation.</summary>
    /// <param name="text">The template.</param>
    /// <param name="messages">The conversation.</param>
    /// <param name="begin">Text of the token that begins a text.</param>
    /// <param name="end">Text of the token that ends one.</param>
    /// <param name="addsPrompt">Whether the assistant's next turn is announced.</param>
    /// <exception cref="FormatException">The template uses something that is not built.</exception>
    /// <exception cref="TemplateRefusalException">It refuses the conversation.</exception>
    public static string Render(string text, IReadOnlyList<ChatMessage> messages, string begin, string end, bool addsPrompt)
    {
        Scope scope = new(null)
        {
            ["messages"] = messages.Select(message => (object?)new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["role"] = message.Role.ToString().ToLowerInvariant(),
                ["content"] = message.Content,
            }).ToList(),
            ["bos_token"] = begin,
            ["eos_token"] = end,
            ["add_generation_prompt"] = addsPrompt,
            ["tools"] = null,
            ["documents"] = null,
        };
        StringBuilder output = new();
        new Template(text)._body(new(scope), output);
        return output.ToString();
    }

    private static Action<Scope, StringBuilder> All(List<Action<Scope, StringBuilder>> steps) => (scope, output) =>
    {
        foreach (Action<Scope, StringBuilder> step in steps)
        {
            step(scope, output);
        }
    };

    private static string Word(string statement) => statement.Split(' ', '\t', '\n', '(')[0];

    private Action<Scope, StringBuilder> Block(IReadOnlyList<string> ends)
    {
        List<Action<Scope, StringBuilder>> steps = [];
        for (; _at < _parts.Count; _at++)
        {
            (Lexer.Kind kind, string content) = _parts[_at];
            switch (kind)
            {
                case Lexer.Kind.Text:
                    steps.Add((_, output) => output.Append(content));
                    break;
                case Lexer.Kind.Output:
                    Func<Scope, object?> value = ExpressionParser.Parse(content);
                    steps.Add((scope, output) => output.Append(Values.Text(value(scope))));
                    break;
                default:
                    if (ends.Contains(Word(content)))
                    {
                        return All(steps);
                    }

                    _at++;
                    steps.Add(Statement(content));
                    break;
            }
        }

        return ends.Count == 0 ? All(steps) : throw new FormatException($"'{ends[^1]}' is missing");
    }

    // On return, the place is that of the last tag of the statement.
    private Action<Scope, StringBuilder> Statement(string content)
    {
        string word = Word(content);
        string rest = content[word.Length..];
        switch (word)
        {
            case "if":
                return If(rest);
            case "for":
                return For(rest);
            case "set":
                _at--;
                return Set(rest);
            case "generation":
                // Transformers marks the assistant's turns with it.
                Action<Scope, StringBuilder> body = Block(["endgeneration"]);
                return body;
            default:
                throw new FormatException($"'{word}' is not supported");
        }
    }

    private Action<Scope, StringBuilder> If(string condition)
    {
        Func<Scope, object?> test = ExpressionParser.Parse(condition);
        Action<Scope, StringBuilder> then = Block(["elif", "else", "endif"]);
        string end = _parts[_at].Content;
        Action<Scope, StringBuilder>? other = null;
        if (Word(end) == "elif")
        {
            _at++;
            other = If(end["elif".Length..]);
        }
        else if (Word(end) == "else")
        {
            _at++;
            other = Block(["endif"]);
        }

        return (scope, output) => (Values.IsTrue(test(scope)) ? then : other)?.Invoke(scope, output);
    }

    private Action<Scope, StringBuilder> For(string head)
    {
        ExpressionParser parser = new(head);
        string name = parser.Name();
        parser.Require("in");
        Func<Scope, object?> list = parser.Expression();
        if (!parser.IsAtEnd)
        {
            throw new FormatException($"'for{head}' is not supported");
        }

        Action<Scope, StringBuilder> body = Block(["endfor"]);
        return (scope, output) =>
        {
            List<object?> items = list(scope) as List<object?> ?? throw new FormatException("a loop over something else than a list");
            for (int i = 0; i < items.Count; i++)
            {
                if (++_steps > MaxSteps)
                {
                    throw new FormatException("the template does not end");
                }

                body(
                    new(scope)
                    {
                        [name] = items[i],
                        ["loop"] = new Dictionary<string, object?>(StringComparer.Ordinal)
                        {
                            ["index0"] = (long)i,
                            ["index"] = (long)i + 1,
                            ["first"] = i == 0,
                            ["last"] = i == items.Count - 1,
                            ["length"] = (long)items.Count,
                        },
                    },
                    output);
            }
        };
    }

    private static Action<Scope, StringBuilder> Set(string assignment)
    {
        ExpressionParser parser = new(assignment);
        string name = parser.Name();
        string? member = parser.Take(".") ? parser.Name() : null;
        parser.Require("=");
        Func<Scope, object?> value = parser.Expression();
        if (!parser.IsAtEnd)
        {
            throw new FormatException($"'set{assignment}' is not supported");
        }

        return (scope, _) =>
        {
            if (member is null)
            {
                scope[name] = value(scope);
            }
            else if (scope[name] is Dictionary<string, object?> members)
            {
                members[member] = value(scope);
            }
            else
            {
                throw new FormatException($"'{name}' has no members");
            }
        };
    }
}
